from __future__ import annotations

import msgspec

from sidecar.admin import answers as a
from sidecar.admin.status_view import overview
from sidecar.commands.rates import rates_between
from sidecar.model.policy import Mode
from tests.admin.running import Running


async def looks(running: Running, seconds: float) -> tuple[a.Overview, a.Overview]:
    """Before and after some traffic."""
    orders = running.meters.server("inbound", "orders")
    orders.open("GET", 200).observe(5.0)
    before = overview(running.inside)
    for _ in range(20):
        orders.open("GET", 200).observe(0.02)
    orders.open("GET", 503, "breaker_open").observe(0.001)
    orders.refused += 1
    running.meters.decision("rate_limits", "each", Mode.ENFORCE).refused += 4
    running.meters.client("app", "127.0.0.1:9000").open("GET", 200).observe(0.02)
    after = overview(running.inside)
    after.clock = before.clock + seconds
    return before, after


async def test_counts_become_rates(running: Running) -> None:
    rates = rates_between(*await looks(running, 2.0))
    (orders,) = [one for one in rates.routes if one.route.name == "orders"]
    assert (orders.requests, orders.refused) == (10.5, 0.5)
    assert orders.by_status == {"2xx": 10.0, "5xx": 0.5}
    # What was before does not count: it took five seconds.
    assert orders.p50 is not None
    assert 0.01 < orders.p50 < 0.025
    assert rates.requests == 10.5
    (each,) = [one for one in rates.rules if one.rule.name == "each"]
    assert each.refused == 2.0
    assert [one.attempts for one in rates.endpoints] == [0.5]


async def test_a_process_that_began_anew_is_not_taken_for_a_drop(running: Running) -> None:
    before, after = await looks(running, 2.0)
    after.status.host = msgspec.structs.replace(after.status.host, pid=1)
    assert rates_between(before, after).requests == 0.0


async def test_a_route_that_is_new_is_counted_from_nothing(running: Running) -> None:
    before, after = await looks(running, 2.0)
    before.routes = []
    assert rates_between(before, after).requests == 11.0
