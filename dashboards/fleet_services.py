"""Fleet overview, the second row: which service it is; and the last one: what runs."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import alerts, objectives, requests, saturation
from dashboards.queries.asking import FLEET, as_table, over_time
from dashboards.tables import Column, columns
from sidecar.telemetry import host_metrics as h

_SERVICE: Final = ("service",)


def _services() -> table.Panel:
    panel = panels.rows(
        "Services",
        "A row for each service; what is red is to be looked at, by a click on its name. Many "
        "errors beside little saturation: something that it calls is broken. High saturation: it "
        "has too little of something, or too much to do.",
        units.NoUnit,
        as_table(requests.requests(FLEET, _SERVICE)),
        as_table(requests.error_share(FLEET, _SERVICE)),
        as_table(requests.duration(0.99, FLEET, _SERVICE)),
        as_table(objectives.shed_share(FLEET, _SERVICE)),
        as_table(saturation.fullest(FLEET, _SERVICE)),
        as_table(objectives.worst_burn(FLEET, _SERVICE)),
        as_table(objectives.least_left(FLEET, "$over", _SERVICE)),
        as_table(alerts.firing(_SERVICE)),
    )
    return columns(panel, _SHOWN).height(8)


_SHOWN: Final = {
    "service": Column("Service", links=(links.service_of_cell(),)),
    "Value #A": Column("Requests", units.RequestsPerSecond, decimals=1),
    "Value #B": Column("Errors", units.PercentUnit, looks.the_more_the_worse(0.001, 0.01)),
    "Value #C": Column("Slowest 1 %", units.Seconds, looks.the_more_the_worse(0.5, 2)),
    "Value #D": Column("Shed", units.PercentUnit, looks.the_more_the_worse(0.01, 0.1)),
    "Value #E": Column("Saturation", units.PercentUnit, looks.the_more_the_worse(0.7, 0.9)),
    "Value #F": Column("Burn", units.Short, looks.the_more_the_worse(1, 14.4), decimals=1),
    "Value #G": Column("Budget left", units.PercentUnit, looks.the_less_the_worse(0.25, 0)),
    "Value #H": Column("Alerts", units.Short, looks.thresholds(looks.GOOD, {1: looks.BAD})),
}


def _traffic() -> timeseries.Panel:
    panel = panels.lines(
        "Requests by service",
        "A sudden rise is a crowd or somebody's retries, a fall to nothing is a way that is cut "
        "off before it gets here. Click a line for the service.",
        units.RequestsPerSecond,
        over_time(requests.requests(FLEET, _SERVICE), "{{service}}"),
    )
    return panel.data_links([links.service_of_series()]).min(0)


def _saturation() -> timeseries.Panel:
    panel = panels.lines(
        "Saturation by service",
        "How much is used of what is scarcest, at the fullest instance: the number to scale on. "
        "Near 100 % give it more instances or CPU, or turn something off with a switch.",
        units.PercentUnit,
        over_time(saturation.fullest(FLEET, _SERVICE), "{{service}}"),
    )
    panel.thresholds(looks.the_more_the_worse(0.7, 0.9)).thresholds_style(looks.drawn())
    return panel.data_links([links.service_of_series()]).min(0).max(1)


def _missing() -> stat.Panel:
    panel = panels.number(
        "Sidecars that do not answer",
        "Sidecars that Prometheus has seen in the time on the screen and cannot scrape now. Is the "
        "process there? Is the host? `sidecar status` on it says what it thinks of itself.",
        units.Short,
        over_time(alerts.not_answering(FLEET), "not answering"),
    )
    return panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD})).decimals(0).height(8)


def _sidecars() -> table.Panel:
    panel = panels.rows(
        "Sidecars",
        "Every process: versions that differ are a roll-out that is under way, or stuck. One that "
        "has just started may have ended by itself before: read its log.",
        units.NoUnit,
        as_table(saturation.running(FLEET)),
        as_table(saturation.uptime(FLEET)),
        as_table(saturation.used(h.PROCESS_MEMORY, FLEET)),
        as_table(saturation.of_running(saturation.cpu(h.PROCESS_CPU, FLEET), FLEET)),
    )
    shown = {
        "service": Column("Service", links=(links.service_of_cell(),)),
        "instance": Column("Instance"),
        "version": Column("Version"),
        "python": Column("Python"),
        "Value #B": Column("Up for", units.DurationSeconds),
        "Value #C": Column("Memory", units.BytesIEC),
        "Value #D": Column("CPUs used", units.Short, decimals=2),
    }
    return columns(panel, shown).span(20)


ROW: Final = Row("Which service is it?", (_services(), _traffic(), _saturation()))
SIDECARS: Final = Row("Which sidecars run?", (_missing(), _sidecars()))
