"""Aggregations as frames: series where the last buckets are of time, else one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from dashboards.viewer.frames import TIME, VALUE, Field, Frame

_NAMES: Final = {
    "count": "Count",
    "avg": "Average",
    "sum": "Sum",
    "max": "Max",
    "min": "Min",
    "cardinality": "Unique Count",
    "percentiles": "Percentiles",
}


class _Row(NamedTuple):
    keys: tuple[Any, ...]
    bucket: Mapping[str, Any]


def bucket_frames(
    ref: str,
    found: Mapping[str, Any],
    buckets: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
) -> list[Frame]:
    """The frames of one search."""
    if buckets and buckets[-1]["type"] == "date_histogram":
        return list(_over_time(ref, found, buckets, metrics))
    rows = list(_rows(found, buckets, ()))
    names = [one.get("field") or "Filter" for one in buckets]
    keys = [Field(name, [row.keys[place] for row in rows]) for place, name in enumerate(names)]
    values = [
        Field(name, [_value(row.bucket, metric, percent) for row in rows])
        for name, metric, percent in _columns(metrics)
    ]
    return [Frame(ref, [*keys, *values])]


def _over_time(
    ref: str,
    found: Mapping[str, Any],
    buckets: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
) -> Iterator[Frame]:
    *outer, last = buckets
    columns = list(_columns(metrics))
    for row in _rows(found, outer, ()):
        points = row.bucket[last["id"]]["buckets"]
        times = [float(one["key"]) / 1000 for one in points]
        labels = {
            one.get("field") or "Filter": str(key) for one, key in zip(outer, row.keys, strict=True)
        }
        for name, metric, percent in columns:
            values = [_value(one, metric, percent) for one in points]
            shown = _shown(labels, name, is_alone=len(columns) == 1)
            yield Frame(ref, [Field(TIME, times), Field(VALUE, values, labels, shown)])


def _shown(labels: Mapping[str, str], metric: str, *, is_alone: bool) -> str:
    words = " ".join(labels.values())
    if not words:
        return metric
    return words if is_alone else f"{words} {metric}"


def _rows(
    found: Mapping[str, Any], buckets: Sequence[Mapping[str, Any]], keys: tuple[Any, ...]
) -> Iterator[_Row]:
    if not buckets:
        yield _Row(keys, found)
        return
    first, *rest = buckets
    inside = found[first["id"]]["buckets"]
    pairs = (
        inside.items()
        if isinstance(inside, Mapping)
        else ((one.get("key_as_string", one["key"]), one) for one in inside)
    )
    for key, bucket in pairs:
        yield from _rows(bucket, rest, (*keys, key))


def _columns(
    metrics: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Each column's name, its metric, and the percentile where it is one."""
    kinds = Counter(one["type"] for one in metrics)
    for one in metrics:
        if one["type"] == "percentiles":
            for percent in one["settings"]["percents"]:
                yield f"p{float(percent):g} {one['field']}", one, str(float(percent))
            continue
        name = _NAMES[one["type"]]
        yield f"{name} {one['field']}" if kinds[one["type"]] > 1 else name, one, ""


def _value(bucket: Mapping[str, Any], metric: Mapping[str, Any], percent: str) -> float | None:
    if metric["type"] == "count":
        return float(bucket["doc_count"])
    answer = bucket[metric["id"]]
    value = answer["values"][percent] if percent else answer["value"]
    return None if value is None else float(value)
