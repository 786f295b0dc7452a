"""Alerts about telemetry that is lost, late, or not taken by anybody."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_telemetry import (
    ExporterDownSpec,
    TelemetryBehindSpec,
    TelemetryDroppedSpec,
)
from sidecar.telemetry.catalogue import DROPPED
from sidecar.telemetry.export_metrics import AGE, SPOOLED, UP
from sidecar.telemetry.promql import highest, increase, now, total

_BY_REASON = ("exporter", "reason")
_BY_EXPORTER = ("exporter",)


@kind(
    TelemetryDroppedSpec,
    "SidecarTelemetryDropped",
    why="what is lost will be missing when somebody looks for it",
    first="The reason says what is full, slow or wrong; requests and counters are not affected.",
    keep_seconds=300.0,
)
def telemetry_dropped(spec: TelemetryDroppedSpec, site: Site) -> Iterator[Condition]:
    """One for each exporter and reason; the exporter is empty for what was nobody's yet."""
    lost = increase(site.scope(DROPPED), site.profile.window(spec.over))
    summary = f"{site.file.service} has lost {{{{ $value | humanize }}}} pieces of telemetry: "
    summary += "{{ $labels.reason }}"
    here = site.at(("telemetry",))
    yield Condition(here, f"{total(lost, _BY_REASON)} > 0", summary)


@kind(
    TelemetryBehindSpec,
    "SidecarTelemetryBehind",
    why="traces and logs of now are not to be found yet, and are lost when the room is used up",
    first="See whether the backend is slow or down, and how long the room of its spool lasts.",
    keep_seconds=60.0,
)
def telemetry_behind(spec: TelemetryBehindSpec, site: Site) -> Iterator[Condition]:
    """One for each exporter."""
    old = highest(now(site.scope(AGE)), _BY_EXPORTER)
    spooled = total(now(site.scope(SPOOLED)), _BY_EXPORTER)
    summary = f"telemetry of {site.file.service} waits for {{{{ $labels.exporter }}}}"
    above = site.profile.seconds(spec.above)
    here = site.at(("telemetry",))
    yield Condition(here, f"{old} > {above:g} or {spooled} > 0", summary)


@kind(
    ExporterDownSpec,
    "SidecarExporterDown",
    why="traces and logs of now are not to be found, and are lost when the room is used up",
    first="Look at the backend; the event sidecar.backend in the log says what it answered.",
    keep_seconds=60.0,
)
def exporter_down(spec: ExporterDownSpec, site: Site) -> Iterator[Condition]:
    """One for each exporter; the value is at how many instances."""
    expression = f"count by (exporter) ({now(site.scope(UP))} == 0) > 0"
    summary = "{{ $labels.exporter }} takes nothing from {{ $value }} instances of "
    summary += site.file.service
    yield Condition(site.at(("telemetry",)), expression, summary)
