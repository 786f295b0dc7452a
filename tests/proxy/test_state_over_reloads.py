"""What a rule knew stays known when the file changes: nothing is refilled, closed or forgotten."""

from __future__ import annotations

import json
from typing import Any

from tests.proxy.simulation import Asked, Simulation
from tests.ruleset.compiled import compiled, reloaded, rule_file

LIMIT = {"name": "all", "limit": "10/s", "burst": 10}
BREAKER: dict[str, Any] = {
    "name": "app",
    "upstream": "app",
    "open_when": {"consecutive_errors": 3},
    "open_for": {"first": "5s", "jitter": "0%"},
}


def rules(**kinds: dict[str, Any]) -> str:
    return rule_file("".join(f"{kind}: {json.dumps([rule])}\n" for kind, rule in kinds.items()))


def change(simulation: Simulation, text: str) -> None:
    simulation.rules = reloaded(text, simulation.rules, simulation.now)


def count(simulation: Simulation, what: str) -> int:
    return sum(decided == what for _, _, decided in simulation.decisions)


def test_a_limit_raised_in_the_middle_of_a_burst_refills_nothing() -> None:
    simulation = Simulation(compiled(rules(rate_limits=LIMIT)))
    simulation.run([Asked(0.0)] * 20)
    assert count(simulation, "admitted") == 10
    change(simulation, rules(rate_limits={**LIMIT, "limit": "1000/s", "burst": 1000}))
    simulation.run([Asked(0.0)] * 20)
    # The trace takes as long as its last answer: what that earns, and not one more.
    earned = round(1000 * (simulation.now - 1000.0))
    assert 10 <= count(simulation, "admitted") <= 10 + earned


def test_a_rule_that_goes_from_shadow_to_enforce_is_warm() -> None:
    simulation = Simulation(compiled(rules(rate_limits={**LIMIT, "mode": "shadow"})))
    simulation.run([Asked(0.0, seconds=0.0)] * 20)
    assert count(simulation, "admitted") == 20
    change(simulation, rules(rate_limits=LIMIT))
    simulation.run([Asked(0.0, seconds=0.0)] * 5)
    assert count(simulation, "rate_limited") == 5


def test_an_open_breaker_stays_open_whatever_of_it_changes() -> None:
    simulation = Simulation(compiled(rules(breakers=BREAKER)))
    simulation.run([Asked(0.01, ending="broken", seconds=0.0)] * 5)
    assert count(simulation, "breaker_open") == 2
    more = {"error_ratio": "50%", "over": "10s", "at_least": "20 requests"}
    change(simulation, rules(breakers={**BREAKER, "open_when": more}))
    simulation.run([Asked(0.01, seconds=0.0)] * 5)
    assert count(simulation, "breaker_open") == 7
    simulation.run([Asked(6.0, seconds=0.0)])
    assert simulation.decisions[-1][2] == "admitted", "it probes when its time is over"


def test_a_breaker_in_shadow_that_would_be_open_is_open_once_it_is_enforced() -> None:
    simulation = Simulation(compiled(rules(breakers={**BREAKER, "mode": "shadow"})))
    simulation.run([Asked(0.01, ending="broken", seconds=0.0)] * 5)
    assert count(simulation, "admitted") == 5
    change(simulation, rules(breakers=BREAKER))
    simulation.run([Asked(0.01, seconds=0.0)])
    assert simulation.decisions[-1][2] == "breaker_open"


def test_a_request_that_began_under_the_old_rules_is_settled_with_the_new_ones() -> None:
    simulation = Simulation(compiled(rules(breakers=BREAKER)))
    trace = [Asked(0.0, ending="broken", seconds=1.0)] * 3
    simulation.at(1000.5, lambda: change(simulation, rules(breakers=BREAKER)))
    simulation.run([*trace, Asked(1.5, seconds=0.0)])
    assert simulation.decisions[-1][2] == "breaker_open"
