from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric as Family

from sidecar.telemetry import signals
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Kind
from sidecar.telemetry.exposition import MetersCollector
from sidecar.telemetry.host_metrics import READ
from sidecar.telemetry.metric_reader import MetricReader
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.otel_names import dotted_name, ucum_unit
from tests.telemetry.test_families import filled

_SECOND = 1_000_000_000


class Wall:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * _SECOND

    def __call__(self) -> int:
        return self.now

    def passes(self, seconds: int) -> int:
        self.now += seconds * _SECOND
        return self.now


def read(reader: MetricReader) -> dict[str, signals.Metric]:
    metrics = asyncio.run(reader.read())
    by_name = {metric.name: metric for metric in metrics}
    assert len(by_name) == len(metrics)
    return by_name


def named(meters: Meters, name: str) -> signals.Metric:
    return read(MetricReader(meters))[name]


def test_every_metric_is_read_with_its_unit_and_kind() -> None:
    found = read(MetricReader(filled()))
    # What the kernel of this host does not tell is left out.
    counted = [metric for metric in METRICS if metric not in READ]
    read_here = [metric for metric in READ if dotted_name(metric) in found]
    assert set(found) == {dotted_name(metric) for metric in (*counted, *read_here)}
    for metric in (*counted, *read_here):
        told = found[dotted_name(metric)]
        assert (told.help, told.unit) == (metric.help, ucum_unit(metric))
        assert told.bounds == metric.buckets
        assert (told.kind is signals.MetricKind.SUM) == (metric.kind is Kind.COUNTER)
        assert (told.kind is signals.MetricKind.HISTOGRAM) == (metric.kind is Kind.HISTOGRAM)


_Told = tuple[tuple[str, ...], float]


def scraped(family: Family) -> list[_Told]:
    """Labels that have a value, and the number (of a histogram its sum)."""
    return sorted(
        (_values(value for name, value in one.labels.items() if name != "service"), one.value)
        for one in family.samples
        if not one.name.endswith(("_bucket", "_count"))
    )


def pointed(metric: signals.Metric) -> list[_Told]:
    return sorted(
        (_values(map(str, point.attributes.values())), point.value) for point in metric.points
    )


def _values(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(filter(None, values)))


_REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["orders", "stock", "other"]),
        st.sampled_from(["GET", "POST", "_OTHER"]),
        st.sampled_from([0, 200, 404, 429, 503]),
        st.sampled_from(["", "rate_limited", "upstream_reset", "client_gone"]),
        st.floats(0, 20),
    ),
    max_size=40,
)


@given(_REQUESTS)
def test_the_numbers_are_those_of_a_scrape(
    requests: list[tuple[str, str, int, str, float]],
) -> None:
    meters = filled()
    for route, method, status, error, seconds in requests:
        meters.server("inbound", route).open(method, status, error).observe(seconds)
    found = read(MetricReader(meters))
    host = {metric.family for metric in READ}
    names = {metric.family: dotted_name(metric) for metric in METRICS}
    for family in MetersCollector(meters).collect():
        if family.name not in host:
            assert pointed(found[names[family.name]]) == scraped(family)


@given(_REQUESTS)
def test_every_observation_is_in_one_bucket(
    requests: list[tuple[str, str, int, str, float]],
) -> None:
    meters = Meters("order")
    for route, method, status, error, seconds in requests:
        meters.server("inbound", route).open(method, status, error).observe(seconds)
    metric = read(MetricReader(meters)).get("http.server.request.duration")
    points = metric.points if metric is not None else ()
    assert sum(sum(point.counts) for point in points) == len(requests)
    assert all(len(point.counts) == 15 for point in points)


def test_attributes_have_the_declared_names_and_types_and_no_empty_values() -> None:
    meters = Meters("order")
    meters.client("app", "127.0.0.1:9000").open("GET", 0, "connect_failure").observe(0.1)
    meters.client("app", "unix:/run/app.sock").open("GET", 404).observe(0.1)
    assert [point.attributes for point in named(meters, "http.client.request.duration").points] == [
        {
            "sidecar.upstream": "app",
            "server.address": "127.0.0.1",
            "server.port": 9000,
            "http.request.method": "GET",
            "error.type": "connect_failure",
        },
        {
            "sidecar.upstream": "app",
            "server.address": "/run/app.sock",
            "http.request.method": "GET",
            "http.response.status_code": 404,
            "error.type": "404",
        },
    ]


def test_sums_say_since_when_and_gauges_do_not() -> None:
    wall, meters = Wall(), Meters("order")
    began = wall.now
    reader = MetricReader(meters, wall)
    meters.listener("inbound").connections_total = 3
    at = wall.passes(10)
    found = read(reader)
    [total] = found["sidecar.downstream.connections"].points
    [gauge] = found["sidecar.downstream.connections_open"].points
    assert (total.start, total.at, total.value) == (began, at, 3)
    assert (gauge.start, gauge.at) == (at, at)
    wall.passes(10)
    [total] = read(reader)["sidecar.downstream.connections"].points
    assert (total.start, total.at) == (began, wall.now)


def test_what_counts_anew_says_so() -> None:
    wall, meters = Wall(), Meters("order")
    reader = MetricReader(meters, wall)
    client = meters.client("app", "10.0.0.1:80")
    client.connects_total = 5
    first = wall.passes(10)
    read(reader)
    # The endpoint is gone, and is there again.
    meters.forget(client)
    meters.client("app", "10.0.0.1:80").connects_total = 2
    # One that nobody knew before.
    meters.client("app", "10.0.0.2:80").connects_total = 4
    for _ in range(2):
        wall.passes(10)
        points = read(reader)["sidecar.upstream.connects"].points
        assert [(point.start, point.value) for point in points] == [(first, 2), (first, 4)]


def test_exemplars_lead_to_traces() -> None:
    meters = Meters("order")
    cell = meters.server("inbound", "orders").open("GET", 200)
    cell.observe(0.3)
    cell.exemplify(0.3, "4bf92f3577b34da6a3ce929d0e0e4736", 1_700_000_000.25, "00f067aa0ba902b7")
    [point] = named(meters, "http.server.request.duration").points
    assert point.exemplars == (
        signals.Exemplar(
            1_700_000_000_250_000_000, 0.3, "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        ),
    )


async def test_the_loop_is_free_between_slices() -> None:
    meters, turns = Meters("order"), 0
    for number in range(500):
        meters.server("inbound", f"route-{number}").open("GET", 200).observe(0.1)

    async def other_work() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asyncio.TaskGroup() as group:
        beside = group.create_task(other_work())
        await MetricReader(meters).read()
        beside.cancel()
    assert turns >= 500 / 128 * 2


def test_hosts_that_no_rule_names_are_one_address_without_a_port() -> None:
    meters = Meters("order")
    meters.client("other", "other").open("GET", 200).observe(0.2)
    (point,) = named(meters, "http.client.request.duration").points
    assert point.attributes["server.address"] == "other"
    assert "server.port" not in point.attributes
