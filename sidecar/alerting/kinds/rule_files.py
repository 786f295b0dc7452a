"""Alerts about rule files that are not in force, and about what operators hold instead."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_rules import ControlActiveSpec, RulesRefusedSpec
from sidecar.telemetry.catalogue import CONTROLS, FILES_REFUSED, RELOAD_SUCCESSFUL
from sidecar.telemetry.promql import highest, now


@kind(
    RulesRefusedSpec,
    "SidecarRulesRefused",
    why="what was pushed is not in force, and a restart would end with this file",
    first="`sidecar check` the file that was pushed, mend it, and push it again.",
)
def rules_refused(spec: RulesRefusedSpec, site: Site) -> Iterator[Condition]:
    """One; the value is at how many instances."""
    refused = f"{now(site.scope(RELOAD_SUCCESSFUL))} == 0"
    files = f"{now(site.scope(FILES_REFUSED))} > 0"
    summary = f"{{{{ $value }}}} sidecars of {site.file.service} obey older rules than their files"
    yield Condition(site.here, f"count({refused} or {files}) > 0", summary)


@kind(
    ControlActiveSpec,
    "SidecarControlActive",
    why="what is held by hand is what no rule file shows",
    first="`sidecar status` says who holds what and why: lift it, or put it into the rule file.",
)
def control_active(spec: ControlActiveSpec, site: Site) -> Iterator[Condition]:
    """One for each sort of control: override, switch, breaker."""
    expression = f"{highest(now(site.scope(CONTROLS)), ('control',))} > 0"
    summary = f"somebody holds {{{{ $value }}}} of {site.file.service} by hand: "
    summary += "{{ $labels.control }}"
    yield Condition(site.here, expression, summary)
