from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.alert_lint import is_reachable, rule_called
from sidecar.ruleset.check import check
from tests.ruleset.compiled import checked, rule_file

_FILE = """\
keys: {client_ip: {from: client.address}}
rate_limits:
  - {name: all, limit: 10/s}
  - {name: each, per: client_ip, limit: 1/s}
  - {name: new, limit: 5/s, mode: shadow}
  - {name: old, limit: 5/s, mode: disabled}
slo: [{name: up, good: {status_below: 500}, target: 95%, over: 30d}]
"""


def warned(entry: str, file: str = _FILE) -> list[str]:
    found = check(rule_file(f"{file}alerts:\n  - {{name: a, {entry}}}\n"), "shop.yaml")
    assert found.file is not None
    return [one.message for one in found.diagnostics if one.code == "never-fires"]


@pytest.mark.parametrize(
    "entry",
    [
        "kind: refused_share",
        "kind: refused_share, rule: [rate_limits/all, rate_limits/each]",
        "kind: shadow_share",
        "kind: shadow_share, rule: rate_limits/new",
        "kind: keys_forgotten, limit: each",
        "kind: burn_rate, slo: up, page: [14.4x over 1h/5m]",
        "kind: saturation",
    ],
)
def test_what_can_fire_is_right(entry: str) -> None:
    assert warned(entry) == []


@pytest.mark.parametrize(
    "entry, reason",
    [
        ("kind: refused_share, rule: rate_limits/new", "rate_limits/new is in shadow mode"),
        ("kind: refused_share, rule: rate_limits/old", "rate_limits/old is disabled"),
        ("kind: shadow_share, rule: rate_limits/old", "rate_limits/old is disabled"),
        ("kind: shadow_share, rule: rate_limits/all", "rate_limits/all acts"),
        ("kind: keys_forgotten, limit: all", "all has no keys to forget"),
        ("kind: keys_forgotten, limit: new", "new is in shadow mode"),
        ("kind: endpoints_down, upstream: app", "upstream app has neither health nor eject"),
        ("kind: breaker_open", "there is no breaker that is enforced"),
    ],
)
def test_what_never_fires_is_told_with_the_reason(entry: str, reason: str) -> None:
    assert warned(entry) == [f"'a' never fires: {reason}"]


def test_a_burn_rate_that_nothing_reaches() -> None:
    (message,) = warned("kind: burn_rate, slo: up, page: [20x over 1h/5m, 19.9x over 6h/30m]")
    assert message == (
        "20x never fires for 'up': when all requests are bad, its budget burns 20 times too fast"
    )


@pytest.mark.parametrize("target", ["84%", "90%", "99.9%"])
def test_usual_burn_rates_are_nobodys_mistake(target: str) -> None:
    """Those that cannot be are left out; another page is left."""
    lenient = f"slo: [{{name: up, good: {{status_below: 500}}, target: {target}, over: 30d}}]\n"
    assert warned("kind: burn_rate, for_each: slo", lenient) == []


@pytest.mark.parametrize("target", ["20%", "50%", "83%"])
def test_an_objective_for_which_nobody_is_ever_woken_is_told_of(target: str) -> None:
    lenient = f"slo: [{{name: up, good: {{status_below: 500}}, target: {target}, over: 30d}}]\n"
    (message,) = warned("kind: burn_rate, for_each: slo", lenient)
    assert message.startswith("nobody is woken for 'up'")
    assert warned("kind: burn_rate, slo: up, page: []", lenient) == []


@given(st.floats(0.1, 100), st.floats(0.001, 0.999))
def test_a_burn_rate_is_reached_when_everything_is_bad(factor: float, target: float) -> None:
    if abs(1 / (1 - target) - factor) > 1e-3:
        assert is_reachable(factor, target) is (1 / (1 - target) > factor)


def test_rules_are_found_by_kind_and_name() -> None:
    file = checked(rule_file(_FILE)).file
    assert file is not None
    assert rule_called(file, "rate_limits/each").name == "each"
