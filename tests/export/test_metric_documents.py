"""Metrics share documents, and histograms tell what is new."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.item import Item, Signal
from sidecar.export.metric_documents import MetricDocuments
from sidecar.export.streams import Stream
from sidecar.telemetry.signals import Metric, MetricKind, Point
from tests.export.samples import BOUNDS, MOMENT, RESOURCE, SECOND

_START = MOMENT - 5 * SECOND


def _documents() -> MetricDocuments:
    return MetricDocuments(Stream(Signal.METRICS, "governance", "shop", RESOURCE, {}))


def _histogram(*counts: int, at: int = MOMENT, start: int = _START, route: str = "a") -> Metric:
    point = Point({"http.route": route}, start, at, 0.0, counts)
    return Metric("seconds", "", "s", MetricKind.HISTOGRAM, (point,), BOUNDS)


def _gauge(name: str, *points: Point, unit: str = "1") -> Metric:
    return Metric(name, "", unit, MetricKind.GAUGE, points)


def _sources(items: list[Item]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(item.source) for item in items]


def test_histograms_tell_what_came_since_the_time_before() -> None:
    documents = _documents()
    documents.items([_histogram(4, 0, 2, 0, 1)])

    [source] = _sources(documents.items([_histogram(5, 0, 2, 3, 1, at=MOMENT + SECOND)]))

    assert source["metrics"]["seconds"] == {"counts": [1, 3], "values": [0.0025, 0.2625]}
    assert source["start_timestamp"] == MOMENT // 10**6
    assert source["@timestamp"] == (MOMENT + SECOND) // 10**6


def test_a_histogram_with_nothing_new_is_not_told() -> None:
    documents = _documents()
    documents.items([_histogram(4, 0, 2, 0, 1)])

    assert documents.items([_histogram(4, 0, 2, 0, 1, at=MOMENT + SECOND)]) == []


def test_a_histogram_that_counts_anew_is_told_from_its_start() -> None:
    documents = _documents()
    documents.items([_histogram(4, 0, 2, 0, 1)])
    start, at = MOMENT + SECOND, MOMENT + 2 * SECOND

    [source] = _sources(documents.items([_histogram(1, 0, 0, 0, 0, at=at, start=start)]))

    assert source["metrics"]["seconds"]["counts"] == [1]
    assert source["start_timestamp"] == start // 10**6


def test_what_another_exporter_has_told_before_is_not_told_again() -> None:
    documents = _documents()
    old = MOMENT - 3600 * SECOND

    assert documents.items([_histogram(400, 0, 2, 0, 1, start=old)]) == []

    at = MOMENT + SECOND
    later = [
        _histogram(401, 0, 2, 0, 1, start=old, at=at),
        _histogram(7, 0, 0, 0, 0, start=old, at=at, route="new"),
    ]
    assert [source["metrics"]["seconds"]["counts"] for source in _sources(documents.items(later))] \
        == [[1], [7]]  # fmt: skip


def test_no_two_documents_have_one_moment_and_the_same_dimensions() -> None:
    items = _documents().items(
        [
            _gauge("a", Point({}, MOMENT, MOMENT, 1), Point({"x": "1"}, MOMENT, MOMENT, 2)),
            _gauge("b", Point({}, MOMENT, MOMENT, 3), Point({"x": "1"}, MOMENT, MOMENT, 4)),
            _gauge("c", Point({}, MOMENT, MOMENT, 5), unit="By"),
            _gauge("a", Point({}, MOMENT, MOMENT, 6)),
            Metric("d", "", "1", MetricKind.SUM, (Point({}, _START, MOMENT, 7),)),
            Metric("e", "", "1", MetricKind.SUM, (Point({}, _START + SECOND, MOMENT, 8),)),
        ]
    )

    sources = _sources(items)
    assert [source["metrics"] for source in sources] == [
        {"a": 1.0, "b": 3.0},
        {"a": 2.0, "b": 4.0},
        {"c": 5.0},
        {"d": 7.0},
        {"e": 8.0},
    ]
    dimensions = [
        (
            source["@timestamp"],
            source["_metric_names_hash"],
            source["unit"],
            str(source.get("attributes")),
        )
        for source in sources
    ]
    assert len(set(dimensions)) == len(sources)
    assert len({item.id for item in items}) == len(items)


def test_what_is_no_number_is_left_out() -> None:
    points = [Point({}, MOMENT, MOMENT, value) for value in (float("nan"), float("inf"))]

    assert _documents().items([_gauge("a", points[0]), _gauge("b", points[1])]) == []


def test_bounds_below_zero_have_their_own_values() -> None:
    point = Point({}, _START, MOMENT, 0.0, (1, 1, 1))
    metric = Metric("change", "", "1", MetricKind.HISTOGRAM, (point,), (-2.0, 0.0))

    [source] = _sources(_documents().items([metric]))

    assert source["metrics"]["change"] == {"counts": [1, 1, 1], "values": [-2.0, -1.0, 0.0]}


@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), max_size=6))
def test_all_that_histograms_tell_adds_up_to_what_was_counted(steps: list[list[int]]) -> None:
    documents = _documents()
    counted = [0] * 5
    told: Counter[float] = Counter()
    for step, added in enumerate(steps):
        counted = [one + more for one, more in zip(counted, added, strict=True)]
        for source in _sources(documents.items([_histogram(*counted, at=MOMENT + step * SECOND)])):
            value = source["metrics"]["seconds"]
            assert value["values"] == sorted(set(value["values"]))
            told.update(dict(zip(value["values"], value["counts"], strict=True)))

    values = [0.0025, 0.0075, 0.0175, 0.2625, 0.5]
    assert told == +Counter(dict(zip(values, counted, strict=True)))
