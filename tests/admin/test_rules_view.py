from __future__ import annotations

from pathlib import Path

from sidecar.admin.actor import Actor
from sidecar.admin.rules_view import breakers, controls, rules, switches
from sidecar.model.policy import Mode
from tests.admin.running import SWITCHED, Running

ANN = Actor("ann")


async def test_every_rule_of_the_file_stands_in_its_order(running: Running) -> None:
    shown = rules(running.inside)
    assert [(one.kind, one.name, one.mode, one.resting) for one in shown] == [
        ("access", "office", "enforce", False),
        ("rate_limits", "each", "enforce", False),
        ("rate_limits", "sale", "enforce", True),
        ("rate_limits", "off", "disabled", False),
        ("breakers", "app", "enforce", False),
    ]
    assert shown[0].source == "shop.yaml:8"
    assert shown[0].why == "not from here"
    assert [one.name for one in rules(running.inside, "access")] == ["office"]


async def test_a_rule_that_rests_says_until_when(running: Running) -> None:
    sale = rules(running.inside, "rate_limits")[1]
    assert sale.next_edge is not None
    assert sale.next_edge.year == 2099


async def test_a_rule_says_what_was_counted_in_each_mode(running: Running) -> None:
    running.meters.decision("rate_limits", "each", Mode.ENFORCE).refused = 3
    running.meters.decision("rate_limits", "each", Mode.SHADOW).refused = 4
    each = rules(running.inside, "rate_limits")[0]
    assert [(one.mode, one.refused) for one in each.counts] == [("enforce", 3), ("shadow", 4)]
    assert {one.name for one in each.readings} == {"tracked_keys", "evictions"}


async def test_an_override_shows_at_the_rules_that_it_is_about(running: Running) -> None:
    await running.steering.override("rate_limits/*", "shadow", "10m", "sale", ANN)
    each = rules(running.inside, "rate_limits")[0]
    assert (each.mode, each.mode_in_file) == ("shadow", "enforce")
    assert each.override is not None
    assert (each.override.by, each.override.why) == ("ann", "sale")
    assert each.override.rules == []
    (held,) = controls(running.inside)
    assert held.rules == ["rate_limits/each", "rate_limits/sale", "rate_limits/off"]
    assert rules(running.inside, "access")[0].override is None


async def test_a_breaker_and_who_holds_it(running: Running) -> None:
    (breaker,) = breakers(running.inside)
    assert (breaker.state, breaker.forced, breaker.upstreams) == ("closed", None, ["app"])
    await running.steering.force("app", "open", "1m", "", ANN)
    (breaker,) = breakers(running.inside)
    assert breaker.state == "open"
    assert breaker.forced is not None
    assert 50 < breaker.next_probe_seconds <= 60
    assert breaker.forced.rules == ["breakers/app"]


async def test_without_switches_there_are_none(running: Running) -> None:
    assert switches(running.inside) == []


async def test_a_switch_and_the_rules_that_it_is_about(tmp_path: Path) -> None:
    running = Running(tmp_path, SWITCHED)
    assert [(one.name, one.on) for one in switches(running.inside)] == [("degrade", False)]
    await running.steering.turn_on("degrade", "1m", "the sale", ANN)
    (switch,) = switches(running.inside)
    assert switch.on
    assert switch.control is not None
    assert (switch.control.rules, switch.control.why) == (["fallbacks/sorry"], "the sale")
