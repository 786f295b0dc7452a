"""What all connections share: the rules in force, and a connector for every endpoint in use."""

from __future__ import annotations

import asyncio
import time
from email.utils import mktime_tz, parsedate_tz
from random import Random
from typing import Any

from sidecar.cluster.endpoint import Endpoint
from sidecar.proxy.engine import Engine
from sidecar.ruleset.routes import RuleSet
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.proxy.harness import endpoint, rules_for


def engine(rules: RuleSet, seed: int = 1) -> Engine:
    loop = asyncio.get_running_loop()
    return Engine(loop, rules, Meters("test"), RecordRing(1), Random(seed))


def in_use(one: Engine) -> list[Endpoint]:
    return [connector.endpoint for connector in one.connectors()]


class Busy:
    """A connection that carries a request, as far as a pool knows."""

    expires = float("inf")


def occupy(pool: Any) -> Busy:
    pool.open += 1
    return Busy()


async def test_its_name_is_the_service_s_and_its_own() -> None:
    rules = rules_for([])
    names = {engine(rules, seed).pseudonym for seed in range(100)}
    assert len(names) == 100
    for name in names:
        service, number = name.split(b"-")
        assert service == b"test"
        assert len(number) == 8
        assert int(number, 16) >= 0


async def test_its_name_stays_over_reloads() -> None:
    one = engine(rules_for([], version="one"))
    before = one.pseudonym
    one.install(rules_for([], version="two"))
    assert (one.pseudonym, one.rules.version) == (before, "two")


async def test_the_coarse_clock_and_the_date_are_renewed_when_it_ticks() -> None:
    one = engine(rules_for([]))
    one.date = b""
    before = int(time.time())  # noqa: TID251 - what is promised is the time on the wall
    one.tick(12.5)
    parsed = parsedate_tz(one.date.decode("ascii"))
    assert parsed is not None
    assert before <= mktime_tz(parsed) <= before + 5
    assert one.date.endswith(b" GMT")
    assert len(one.date) == len(b"Sun, 06 Nov 1994 08:49:37 GMT")
    assert one.now == 12.5


async def test_every_endpoint_has_one_connector_and_its_own_counts() -> None:
    first, second = endpoint(1), endpoint(2)
    one = engine(rules_for([first, second]))
    assert in_use(one) == [first, second]
    assert one.connector(first) is one.connector(first)
    assert set(one.meters.clients) == {("app", "127.0.0.1:1"), ("app", "127.0.0.1:2")}
    assert one.connector(second).meters is one.meters.client("app", "127.0.0.1:2")


async def test_an_endpoint_that_stays_keeps_its_connector() -> None:
    stays, goes, comes = endpoint(1), endpoint(2), endpoint(3)
    one = engine(rules_for([goes, stays]))
    kept, gone = one.connector(stays), one.connector(goes)
    one.install(rules_for([comes, stays]))
    assert one.connector(stays) is kept
    assert not kept.retired
    assert gone.retired
    assert not one.connector(comes).retired
    assert set(in_use(one)) == {stays, comes}


async def test_one_that_goes_is_known_until_its_last_connection_is_closed() -> None:
    goes, comes = endpoint(1), endpoint(2)
    one = engine(rules_for([goes]))
    connector = one.connector(goes)
    busy = occupy(goes.pool)
    for _ in range(2):
        one.install(rules_for([comes]))
        assert connector.retired
        assert one.connector(goes) is connector
    goes.pool.forget(busy)
    one.install(one.rules)
    assert in_use(one) == [comes]


async def test_a_request_of_an_earlier_rule_set_is_given_a_connector_that_keeps_nothing() -> None:
    goes, comes = endpoint(1), endpoint(2)
    one = engine(rules_for([goes]))
    one.install(rules_for([comes]))
    assert in_use(one) == [comes]
    late = one.connector(goes)
    assert late.retired
    assert late.pool is goes.pool
    assert one.connector(goes) is late
    assert set(in_use(one)) == {comes, goes}
    one.install(one.rules)
    assert in_use(one) == [comes]


async def test_an_endpoint_made_anew_at_the_same_address_is_another_one() -> None:
    """As after a reload that changes how it is connected to."""
    before, after = endpoint(1), endpoint(1)
    one = engine(rules_for([before]))
    old = one.connector(before)
    one.install(rules_for([after]))
    new = one.connector(after)
    assert new is not old
    assert (old.retired, new.retired) == (True, False)
    assert new.meters is old.meters, "its counts go on"
