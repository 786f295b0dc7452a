"""Ways from one dashboard to the next: what was chosen there is chosen here, for the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

#: What is ours in somebody's Grafana, told by this tag.
MARK: Final = "managed-by-sidecar"

FLEET: Final = "sidecar-fleet"
SERVICE: Final = "sidecar-service"
GOVERNANCE: Final = "sidecar-governance"
TELEMETRY: Final = "sidecar-telemetry"
TRACES: Final = "sidecar-traces"

#: Variables that all dashboards have: where data comes from, and whose.
_SHARED: Final = ("datasource", "logs", "job", "instance", "service")


def to_the_others() -> dashboard.DashboardLink:
    """All of ours side by side at the top, with the variables and the time of this one."""
    link = dashboard.DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS)
    return link.tags([MARK]).as_dropdown(False).include_vars(True).keep_time(True).icon("dashboard")


def to(title: str, uid: str, preset: Mapping[str, str] | None = None) -> dashboard.DashboardLink:
    """To another dashboard, from a panel or from a point of it.

    ``preset`` chooses values there by variable, such as ``{"rule": of_series("rule")}``; whatever
    else both dashboards have stays as it is chosen here.
    """
    chosen = preset or {}
    kept = [f"${{{name}:queryparam}}" for name in _SHARED if name not in chosen]
    said = [f"var-{name}={value}" for name, value in chosen.items()]
    query = "&".join((*said, *kept, "${__url_time_range}"))
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(f"/d/{uid}?{query}")


def of_series(label: str) -> str:
    """The value of a label of the series that was clicked."""
    return f"${{__field.labels.{label}}}"


def of_row(column: str) -> str:
    """The value of another column of the row that was clicked, by the name above it."""
    return f'${{__data.fields["{column}"]}}'


def service_of_series() -> dashboard.DashboardLink:
    """To the service that a series is about."""
    return to("Look at ${__field.labels.service}", SERVICE, {"service": of_series("service")})


def service_of_cell() -> dashboard.DashboardLink:
    """To the service whose name stands in the cell."""
    return to("Look at ${__value.text}", SERVICE, {"service": "${__value.text}"})


def rule_of_series() -> dashboard.DashboardLink:
    """To the rule that a series is about."""
    preset = {name: of_series(name) for name in ("service", "kind", "rule")}
    return to("Look at ${__field.labels.kind}/${__field.labels.rule}", GOVERNANCE, preset)


def rule_of_row() -> dashboard.DashboardLink:
    """To the rule that a row of a table is about; its columns are `Service`, `Kind`, `Rule`."""
    preset = {name: of_row(name.capitalize()) for name in ("service", "kind", "rule")}
    return to("Look at ${__value.text}", GOVERNANCE, preset)


def decisions_of_row() -> dashboard.DashboardLink:
    """To the decisions of the rule, and about the key, that a row is about."""
    preset = {name: of_row(name.capitalize()) for name in ("kind", "rule")}
    return to("Decisions about ${__value.text}", TRACES, {**preset, "text": "${__value.raw}"})


def trace_of_cell() -> dashboard.DashboardLink:
    """To the trace whose id stands in the cell."""
    return to("Show this trace", TRACES, {"trace": "${__value.raw}"})


def traces_of_series() -> dashboard.DashboardLink:
    """To the traces and log lines of the service that a series is about."""
    preset = {"service": of_series("service")}
    return to("Traces and logs of ${__field.labels.service}", TRACES, preset)
