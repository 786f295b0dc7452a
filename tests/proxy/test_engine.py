"""What all connections share: the rules in force, coarse time, connectors by endpoint."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from random import Random

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.endpoint import Cluster
from sidecar.proxy.engine import Engine
from sidecar.ruleset.routes import RuleSet
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.proxy.harness import endpoint, rules_for


def engine_for(rules: RuleSet, seed: int = 1) -> Engine:
    loop = asyncio.get_running_loop()
    return Engine(loop, rules, Meters("test"), RecordRing(10), Random(seed))


async def test_there_is_a_connector_for_each_endpoint() -> None:
    one, two = endpoint(1), endpoint(2)
    engine = engine_for(rules_for([one, two]))
    assert [connector.endpoint for connector in engine.connectors()] == [one, two]
    assert engine.connector(one).endpoint is one
    assert set(engine.meters.clients) == {("app", "127.0.0.1:1"), ("app", "127.0.0.1:2")}


async def test_an_endpoint_that_stays_keeps_its_connector() -> None:
    one, two, three = endpoint(1), endpoint(2), endpoint(3)
    engine = engine_for(rules_for([one, two]))
    kept = engine.connector(one)
    rules = rules_for([one, three], version="two")
    engine.install(rules)
    assert engine.rules is rules
    assert engine.connector(one) is kept
    assert not kept.retired
    assert [connector.endpoint for connector in engine.connectors()] == [one, three]


async def test_a_connector_that_is_still_needed_is_retired_and_goes_later() -> None:
    one, two = endpoint(1), endpoint(2)
    engine = engine_for(rules_for([one]))
    old = engine.connector(one)
    one.pool.open = 1
    engine.install(rules_for([two]))
    assert old.retired
    old.look(1.0)
    assert (old.meters.is_up, old.meters.is_ejected) == (None, None)
    assert engine.connector(one) is old
    one.pool.open = 0
    engine.install(rules_for([two]))
    assert [connector.endpoint for connector in engine.connectors()] == [two]


async def test_a_request_of_old_rules_may_still_need_an_endpoint_that_went() -> None:
    one, two = endpoint(1), endpoint(2)
    engine = engine_for(rules_for([one]))
    engine.install(rules_for([two]))
    again = engine.connector(one)
    assert again.retired
    assert engine.connector(one) is again
    assert engine.meters.client("retired", "127.0.0.1:1") is again.meters


async def test_endpoints_of_all_clusters_have_connectors() -> None:
    one, two = endpoint(1), endpoint(2)
    rules = rules_for([one])
    clusters = {**rules.clusters, "other": Cluster("other", (two,), Balancer())}
    engine = engine_for(replace(rules, clusters=clusters))
    assert engine.connector(two).meters is engine.meters.client("other", "127.0.0.1:2")


async def test_the_date_is_renewed_with_the_tick() -> None:
    engine = engine_for(rules_for([]))
    engine.date = b""
    engine.tick(5.0)
    assert engine.now == 5.0
    assert parsedate_to_datetime(engine.date.decode()).utcoffset() is not None
    assert engine.date.endswith(b" GMT")


async def test_each_process_has_a_name_of_its_own() -> None:
    names = {engine_for(rules_for([]), seed).pseudonym for seed in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(rb"test-[0-9a-f]{8}", name) for name in names)
