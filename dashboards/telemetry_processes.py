"""Telemetry health, two rows: the exporters' processes, and how scrapes and the loop do."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import saturation, telemetry
from dashboards.queries.asking import FLEET, over_time

_INSTANCE: Final = "{{service}} {{instance}}"
_TARGET: Final = "{{job}} {{instance}}"


def _restarts() -> timeseries.Panel:
    panel = panels.lines(
        "Exporter restarts",
        "Its process had ended by itself. Once: what was in memory is in the spool, or sent "
        "again. Again and again: the kernel ends it for its memory, or a bug; see the log.",
        units.OpsPerSecond,
        over_time(telemetry.restarts(FLEET), _INSTANCE),
    )
    return panel.thresholds(looks.the_more_the_worse(0.001, 0.1)).min(0).no_value("none")


def _memory() -> timeseries.Panel:
    return panels.lines(
        "Exporter memory",
        "Bounded by its queue. It grows while a backend is away, and stays when it is back: "
        "Python gives little back.",
        units.BytesIEC,
        over_time(telemetry.memory(FLEET), _INSTANCE),
    ).min(0)


def _cpu() -> timeseries.Panel:
    panel = panels.lines(
        "Exporter CPU",
        "1 is a CPU. It takes nothing from requests where there is a CPU to spare. Near 1 it "
        "cannot keep up: sample fewer traces (`sample`), or ship fewer lines (`shipped`).",
        units.Short,
        over_time(telemetry.cpu(FLEET), _INSTANCE),
    )
    panel.thresholds(looks.the_more_the_worse(0.7, 0.95)).thresholds_style(looks.drawn())
    return panel.min(0)


def _scraped() -> statetimeline.Panel:
    panel = panels.states(
        "Scrapes",
        "Red: Prometheus does not reach it. Does the sidecar run, is its `telemetry.prometheus` "
        "port open? Nothing on any dashboard is about it meanwhile.",
        units.NoUnit,
        over_time(telemetry.scraped(FLEET), _TARGET),
    )
    return panel.mappings([looks.SCRAPED])


def _took() -> timeseries.Panel:
    panel = panels.lines(
        "How long scrapes take",
        "A page is written a little at a time, with requests in between. Near the scraper's "
        "`scrape_timeout`: the sidecar has too little CPU.",
        units.Seconds,
        over_time(telemetry.scrape_took(FLEET), _TARGET),
    )
    panel.thresholds(looks.the_more_the_worse(1, 8)).thresholds_style(looks.drawn())
    return panel.min(0)


def _series() -> timeseries.Panel:
    return panels.lines(
        "Series of each sidecar",
        "A closed set: it grows with routes, rules, endpoints and statuses, never with users. A "
        "jump: a new rule file has many more of them.",
        units.Short,
        over_time(telemetry.series(FLEET), _TARGET),
    ).min(0)


def _lag() -> timeseries.Panel:
    panel = panels.lines(
        "Loop lag",
        "How late the event loop's timers fire, and so how late everything is. Telemetry must not "
        "be why: if it rises with `Sent`, sample less.",
        units.Seconds,
        over_time(saturation.loop_lag(0.99, FLEET), "{{service}} p99"),
        over_time(saturation.loop_lag(0.50, FLEET), "{{service}} p50"),
    )
    panel.thresholds(looks.the_more_the_worse(0.01, 0.1)).thresholds_style(looks.drawn())
    return panel.min(0).data_links([links.service_of_series()])


def _pauses() -> timeseries.Panel:
    panel = panels.lines(
        "Garbage collector",
        "How much of each second everything waits for it. Some per cent: more is in memory than "
        "usual; is somebody's queue long?",
        units.PercentUnit,
        over_time(saturation.collecting(FLEET), "{{service}} generation {{generation}}"),
    )
    panel.thresholds(looks.the_more_the_worse(0.02, 0.1)).thresholds_style(looks.drawn())
    return panel.min(0)


EXPORTERS: Final = Row(
    "The exporters' own processes",
    (_restarts().span(8), _memory().span(8), _cpu().span(8)),
)
SCRAPES: Final = Row(
    "Scrapes, and the loop",
    (
        _scraped().span(8), _took().span(8), _series().span(8), _lag().span(12),
        _pauses().span(12),
    ),
)  # fmt: skip
