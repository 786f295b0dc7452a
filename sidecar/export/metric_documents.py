"""Metrics as documents for Elasticsearch: one for each moment and set of attributes.

Time series streams take one document for a moment and a set of dimensions, so all metrics that
share both share a document. Histograms are told as what was counted since the time before, for
Elasticsearch adds up the documents that it finds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import sub
from typing import Final, NamedTuple

import msgspec

from sidecar.export.item import Item
from sidecar.export.streams import Stream, encode, milliseconds
from sidecar.telemetry.signals import Metric, MetricKind, Point

#: Names of dynamic templates in the mappings that Elasticsearch ships, and in ours. Numbers are
#: always double: a series must not change its type when it has its first fraction.
_TEMPLATES: Final = {
    MetricKind.GAUGE: "gauge_double",
    MetricKind.SUM: "counter_double",
    MetricKind.HISTOGRAM: "histogram",
}

#: A histogram that is seen for the first time and counts for no longer is told whole. One that is
#: older was told by somebody before, who has ended.
_FRESH_NANOSECONDS: Final = 120 * 1_000_000_000

_FNV_PRIME: Final = 0x01000193
_FNV_BASIS: Final = 0x811C9DC5

_Counted = dict[str, list[float]]


class _Group(NamedTuple):
    """What a document is for. ``attributes`` are JSON."""

    at: int
    start: int
    unit: str
    attributes: bytes


class _Series(NamedTuple):
    """What was counted up to a moment."""

    start: int
    at: int
    counts: tuple[int, ...]


class _MetricDocument(
    msgspec.Struct,
    omit_defaults=True,
    gc=False,
    rename={"timestamp": "@timestamp", "names_hash": "_metric_names_hash"},
):
    """Fields are given by position."""

    timestamp: int
    metrics: dict[str, float | _Counted]
    names_hash: str
    start_timestamp: int = 0
    unit: str = ""
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class MetricDocuments:
    """Makes documents for ``stream``. It remembers the counts of the snapshot before."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._told: dict[tuple[str, bytes], _Series] = {}
        self._is_first = True

    def items(self, metrics: Sequence[Metric]) -> list[Item]:
        """Documents of all metrics at one moment. What is no number is left out."""
        groups: dict[_Group, dict[str, tuple[float | _Counted, MetricKind]]] = {}
        told: dict[tuple[str, bytes], _Series] = {}
        for metric in metrics:
            for group, value in self._values(metric, told):
                groups.setdefault(group, {}).setdefault(metric.name, (value, metric.kind))
        self._told = told
        self._is_first = False
        return [self._item(group, values) for group, values in groups.items()]

    def _values(
        self, metric: Metric, told: dict[tuple[str, bytes], _Series]
    ) -> Iterator[tuple[_Group, float | _Counted]]:
        for point in metric.points:
            attributes = encode(point.attributes)
            start = 0 if metric.kind is MetricKind.GAUGE else point.start
            if metric.kind is not MetricKind.HISTOGRAM:
                if math.isfinite(point.value):
                    yield _Group(point.at, start, metric.unit, attributes), float(point.value)
                continue
            series = (metric.name, attributes)
            told[series] = _Series(point.start, point.at, point.counts)
            start, counts = self._since(self._told.get(series), point)
            if any(counts):
                group = _Group(point.at, start, metric.unit, attributes)
                yield group, _counted(counts, metric.bounds)

    def _since(self, before: _Series | None, point: Point) -> tuple[int, Sequence[int]]:
        """Since when it was counted how often, in what has not been told."""
        if before is not None and before.start == point.start:
            return before.at, tuple(map(sub, point.counts, before.counts))
        if before is None and self._is_first and point.at - point.start > _FRESH_NANOSECONDS:
            return point.start, ()
        return point.start, point.counts

    def _item(self, group: _Group, values: dict[str, tuple[float | _Counted, MetricKind]]) -> Item:
        document = _MetricDocument(
            milliseconds(group.at),
            {name: value for name, (value, _) in values.items()},
            _names_hash(tuple(sorted(values))),
            milliseconds(group.start),
            group.unit,
            msgspec.UNSET if group.attributes == b"{}" else msgspec.Raw(group.attributes),
        )
        templates = {f"metrics.{name}": _TEMPLATES[kind] for name, (_, kind) in values.items()}
        whose = f"{group.at} {document.names_hash} {group.unit} ".encode()
        return self._stream.item(encode(document), whose + group.attributes, encode(templates))


def _counted(counts: Sequence[int], bounds: Sequence[float]) -> _Counted:
    """A histogram as Elasticsearch has it: how often which value, the middle of each bucket."""
    found = [(count, _middle(place, bounds)) for place, count in enumerate(counts) if count > 0]
    return {"counts": [count for count, _ in found], "values": [value for _, value in found]}


def _middle(place: int, bounds: Sequence[float]) -> float:
    if place == 0:
        return bounds[0] / 2 if bounds[0] > 0 else bounds[0]
    if place >= len(bounds):
        return bounds[-1]
    return bounds[place - 1] + (bounds[place] - bounds[place - 1]) / 2


@lru_cache(maxsize=1024)
def _names_hash(names: tuple[str, ...]) -> str:
    """FNV-1a of all names in order, hexadecimal: which metrics share a document is a dimension.

    Two documents of one moment with the same attributes would be one to a time series stream.
    """
    value = _FNV_BASIS
    for byte in "".join(names).encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return f"{value:x}"
