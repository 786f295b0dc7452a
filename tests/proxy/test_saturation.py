"""How much is used of what: looked at each second, remembered for about ten."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sidecar.proxy.saturation import Saturation
from sidecar.telemetry.metrics import Meters
from tests.policies.bulkheads import request
from tests.ruleset.compiled import compiled, rule_file

_RULES = rule_file(
    "keys: {user: {from: header, name: x-user, believe: anyone}}\n"
    "concurrency:\n"
    "  - {name: all, at_most: 10}\n"
    "  - {name: each, per: user, at_most: 1}\n"
    "  - {name: tried, at_most: 1, mode: shadow}\n",
    inbound="{bind: 127.0.0.1:8080, limits: {connections: 100}}",
    upstreams="{app: {url: http://127.0.0.1:9000, pool: {max_connections: 50}}}",
)


class World:
    """An engine at rest, and the CPU time that its loop has spent."""

    def __init__(self, text: str = _RULES) -> None:
        self.rules = compiled(text)
        self.meters = Meters("shop")
        self.spent = 0.0
        self.cpu: float | None = None
        self.now = 100.0
        inbound = SimpleNamespace(
            name="inbound", connections=set(), rules=self.rules.listener("inbound")
        )
        outbound = SimpleNamespace(name="outbound", connections={1}, rules=None)
        self.connections: set[int] = inbound.connections
        engine: Any = self
        listeners: Any = [inbound, outbound]
        self.saturation = Saturation(engine, listeners, lambda: self.cpu, lambda: self.spent)

    def passes(self, seconds: int, *, busy: float = 0.0) -> dict[str, float]:
        """So much time passes, of which the loop is busy with a share."""
        for _ in range(seconds):
            self.saturation.look(self.now)
            self.now += 1.0
            self.spent += busy
        return {name: round(share, 2) for name, share in self.meters.saturation.items()}


def test_nothing_to_do_is_nothing_used() -> None:
    shares = World().passes(60)
    assert shares == {"loop": 0, "connections": 0, "service": 0, "concurrency": 0}


def test_a_busy_loop_is_known_after_a_while_and_forgotten_after_a_while() -> None:
    world = World()
    assert world.passes(3, busy=0.8)["loop"] < 0.2
    assert world.passes(60, busy=0.8)["loop"] == 0.8
    assert world.meters.loop_cpu_seconds == pytest.approx(world.spent - 0.8)
    assert 0.2 < world.passes(10)["loop"] < 0.4
    assert world.passes(60)["loop"] == 0


def test_each_resource_is_measured_against_its_bound() -> None:
    world = World()
    world.connections |= {*range(25)}
    world.cpu = 0.6
    [endpoint] = world.rules.clusters["app"].endpoints
    endpoint.in_flight = 20
    for name in ("all", "each", "tried"):
        for number in range(1 if name == "tried" else 4):
            world.rules.policies["concurrency", name].take(request(f"user-{number}"), 0.0)
    assert world.passes(100) == {
        "loop": 0, "cpu": 0.6, "connections": 0.25, "service": 0.4, "concurrency": 0.4,
    }  # fmt: skip


def test_what_is_not_known_any_more_is_not_told() -> None:
    world = World()
    world.cpu = 0.6
    assert "cpu" in world.passes(5)
    world.cpu = None
    assert "cpu" not in world.passes(2)


def test_a_share_is_never_more_than_all() -> None:
    world = World()
    world.connections |= {*range(300)}
    assert world.passes(200, busy=1.5)["connections"] == 1.0
    assert world.meters.saturation["loop"] <= 1.0


def test_without_bulkheads_there_is_no_share_of_them() -> None:
    assert [*World(rule_file()).passes(5)] == ["loop", "connections", "service"]
