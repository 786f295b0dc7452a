"""Service, the row of the sidecar itself: what it adds to each request."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import heatmap, timeseries
from grafana_foundation_sdk.models import units

from dashboards import looks, panels
from dashboards.board import Row
from dashboards.queries import saturation
from dashboards.queries.asking import FLEET, as_heatmap, over_time

_LISTENER: Final = "{{service}} {{listener}}"


def _overhead() -> timeseries.Panel:
    panel = panels.lines(
        "What the sidecar adds",
        "The time that a request spent in the sidecar and not behind it, queues and limits that "
        "let it wait left out. Above some milliseconds it has too little CPU.",
        units.Seconds,
        over_time(saturation.overhead(0.99, FLEET), f"{_LISTENER} p99"),
        over_time(saturation.overhead(0.50, FLEET), f"{_LISTENER} p50"),
    )
    panel.thresholds(looks.the_more_the_worse(0.005, 0.025)).thresholds_style(looks.drawn())
    return panel.min(0).span(8)


def _spread() -> heatmap.Panel:
    return panels.distribution(
        "How that spreads",
        "A second band far above the first is requests that waited for the loop.",
        units.Seconds,
        as_heatmap(saturation.overhead_buckets(FLEET)),
    ).span(8)


def _lateness() -> heatmap.Panel:
    return panels.distribution(
        "How the loop's lateness spreads",
        "Single late ticks are the garbage collector or a neighbour; all of them late is too "
        "little CPU.",
        units.Seconds,
        as_heatmap(saturation.lag_buckets(FLEET)),
    ).span(8)


def _collector() -> timeseries.Panel:
    panel = panels.lines(
        "Time in the garbage collector",
        "Everything waits for it. Generation 2 grows with what is in memory: remember fewer keys "
        "(`track_at_most`), or have more instances.",
        units.PercentUnit,
        over_time(saturation.collecting(FLEET), "{{service}} generation {{generation}}"),
    )
    return panel.min(0)


def _bytes() -> timeseries.Panel:
    panel = panels.lines(
        "Bytes of bodies",
        "What clients send and get. A jump without more requests is somebody's large uploads or "
        "downloads: `limits.body` bounds them.",
        units.BytesPerSecondSI,
        over_time(saturation.received(FLEET), f"{_LISTENER} received"),
        over_time(saturation.sent(FLEET), f"{_LISTENER} sent"),
    )
    return panel.min(0)


ROW: Final = Row(
    "Is it the sidecar?",
    (_overhead(), _spread(), _lateness(), _collector(), _bytes()),
    collapsed=True,
)
