from __future__ import annotations

from sidecar.admin.traffic_view import durations, routes, upstreams
from sidecar.telemetry.cells import HistogramCell
from tests.admin.running import Running


async def test_routes_are_shown_before_their_first_request(running: Running) -> None:
    shown = routes(running.inside)
    assert [(one.name, one.requests, one.upstream) for one in shown] == [
        ("orders", 0, "app"), ("other", 0, "app"),
    ]  # fmt: skip
    assert shown[0].rules == ["access/office", "rate_limits/each", "breakers/app"]


async def test_requests_are_counted_by_status_and_time(running: Running) -> None:
    meters = running.meters.server("inbound", "orders")
    meters.open("GET", 200).observe(0.02)
    meters.open("GET", 429).observe(0.001)
    meters.open("GET", 504, "request_timeout").observe(2.0)
    meters.open("GET", 0, "upstream_reset").observe(0.1)
    meters.in_flight, meters.refused = 7, 1
    orders = routes(running.inside)[0]
    assert orders.by_status == {"2xx": 1, "4xx": 1, "5xx": 1, "none": 1}
    assert (orders.requests, orders.in_flight, orders.refused) == (4, 7, 1)
    assert sum(orders.durations.counts) == 4
    assert orders.durations.total_seconds == 2.121


async def test_a_route_that_has_gone_is_shown_last_with_what_was_counted(running: Running) -> None:
    running.meters.server("inbound", "gone").open("GET", 200).observe(0.1)
    last = routes(running.inside)[-1]
    assert (last.name, last.requests, last.upstream, last.rules) == ("gone", 1, "", [])


async def test_endpoints_with_what_they_answered(running: Running) -> None:
    meters = running.meters.client("app", "127.0.0.1:9000")
    meters.open("GET", 200).observe(0.1)
    meters.open("GET", 500).observe(0.1)
    meters.open("GET", 0, "upstream_reset").observe(0.1)
    meters.connect_failures("connect_failure")
    meters.requests_in_flight = 2
    (app,) = upstreams(running.inside)
    (endpoint,) = app.endpoints
    assert (app.name, app.balance, endpoint.address) == ("app", "round_robin", "127.0.0.1:9000")
    assert (endpoint.attempts, endpoint.failures, endpoint.connect_failures) == (3, 3, 1)
    assert (endpoint.in_flight, endpoint.most_connections) == (2, 200)


def test_histograms_are_added() -> None:
    one, other = HistogramCell((1.0, 2.0)), HistogramCell((1.0, 2.0))
    one.observe(0.5)
    other.observe(1.5)
    other.observe(9.0)
    added = durations([one, other], (1.0, 2.0))
    assert (added.counts, added.total_seconds) == ([1, 1, 1], 11.0)
    assert durations([], (1.0, 2.0)).counts == [0, 0, 0]
