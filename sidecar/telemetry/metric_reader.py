"""Everything that ``/metrics`` shows, as metrics of OpenTelemetry for those who are sent it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from sidecar.telemetry import signals
from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.declaration import Attribute, Kind, Metric
from sidecar.telemetry.host import host_series
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.otel_names import dotted_name, ucum_unit
from sidecar.telemetry.series import Labels, Row, series

#: Well under a millisecond of work.
POINTS_PER_SLICE: Final = 128
_KINDS: Final = {
    Kind.COUNTER: signals.MetricKind.SUM,
    Kind.GAUGE: signals.MetricKind.GAUGE,
    Kind.HISTOGRAM: signals.MetricKind.HISTOGRAM,
    Kind.INFO: signals.MetricKind.GAUGE,
}

#: What series that count had counted, and since when.
_Known = dict[tuple[str, Labels], tuple[float, int]]


class MetricReader:
    """Reads all metrics, again and again: the numbers that a scrape at the same moment shows.

    Each series that counts says since when: since the process began, or since the reading before
    when it was not there at that one, or has gone back since.
    """

    def __init__(self, meters: Meters, wall: Callable[[], int] = time.time_ns) -> None:
        """``wall`` is the time in nanoseconds since 1970."""
        self._meters = meters
        self._wall = wall
        self._since = wall()
        self._known: _Known = {}

    async def read(self) -> tuple[signals.Metric, ...]:
        """Every metric with all its points, of one moment; the loop is free between slices."""
        reading = _Reading(self._wall(), self._since, self._known)
        for metric, read in await asyncio.to_thread(host_series):
            reading.add(metric, read)
        for metric, part in _parts(self._meters):
            reading.add(metric, part)
            await asyncio.sleep(0)
        self._since, self._known = reading.at, reading.known
        return reading.metrics()


def _parts(meters: Meters) -> Iterator[tuple[Metric, list[Row]]]:
    for metric, rows in series(meters):
        while part := list(islice(rows, POINTS_PER_SLICE)):
            yield metric, part


class _Reading:
    """One reading in the making."""

    def __init__(self, at: int, since: int, before: _Known) -> None:
        self.at = at
        self.known: _Known = {}
        self._since = since
        self._before = before
        self._points: dict[str, list[signals.Point]] = {}
        self._metrics: dict[str, Metric] = {}

    def add(self, metric: Metric, rows: Iterable[Row]) -> None:
        self._metrics[metric.name] = metric
        points = self._points.setdefault(metric.name, [])
        for labels, value in rows:
            counted = value.count if isinstance(value, HistogramCell) else value
            attributes = _attributes(metric, labels)
            points.append(_point(attributes, value, self._start(metric, labels, counted), self.at))

    def metrics(self) -> tuple[signals.Metric, ...]:
        return tuple(_metric(self._metrics[name], points) for name, points in self._points.items())

    def _start(self, metric: Metric, labels: Labels, counted: float) -> int:
        if _KINDS[metric.kind] is signals.MetricKind.GAUGE:
            return self.at
        key = metric.name, labels
        before, start = self._before.get(key, (0, self._since))
        if counted < before:
            start = self._since
        self.known[key] = counted, start
        return start


def _metric(metric: Metric, points: list[signals.Point]) -> signals.Metric:
    return signals.Metric(
        name=dotted_name(metric),
        help=metric.help,
        unit=ucum_unit(metric),
        kind=_KINDS[metric.kind],
        points=tuple(points),
        bounds=metric.buckets,
    )


def _point(
    attributes: signals.Attributes, value: float | HistogramCell, start: int, at: int
) -> signals.Point:
    if not isinstance(value, HistogramCell):
        return signals.Point(attributes, start, at, value)
    exemplars = tuple(
        signals.Exemplar(round(one.at * 1e6) * 1000, one.value, one.trace_id, one.span_id)
        for one in value.exemplars.values()
    )
    return signals.Point(attributes, start, at, value.total, tuple(value.counts), exemplars)


def _attributes(metric: Metric, labels: Labels) -> signals.Attributes:
    """What has no value is left out; the service is the resource's."""
    return {
        declared.name: _typed(declared, value)
        for declared, value in zip(metric.labels[1:], labels, strict=True)
        if value
    }


def _typed(declared: Attribute, value: str) -> signals.AttributeValue:
    return int(value) if declared.type == "int" else value
