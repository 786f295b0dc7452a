from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("breaker_open", ["breakers/inventory"]),
    ("breaker_open, breaker: inventory", ["breakers/inventory"]),
    ("shed_share", ["overload/host", "concurrency/whole"]),
    ("shed_share, rule: overload/host", ["overload/host"]),
    ("refused_share", ["rate_limits/everyone"]),
    (
        "refused_share, rule: [rate_limits/each, overload/host]",
        ["rate_limits/each", "overload/host"],
    ),
    ("shadow_share", ["access/partners", "breakers/careful"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_a_breaker_that_somebody_holds_is_not_told_of() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: breaker_open"))
    assert alert.expression == (
        'sum(sidecar_breaker_state{service="shop",kind="breakers",rule="inventory",mode="enforce",'
        'state=~"open|half_open"} unless ignoring (state) '
        '(sidecar_breaker_forced{service="shop",kind="breakers",rule="inventory",mode="enforce"}'
        " == 1)) > 0"
    )


def test_what_is_in_shadow_mode_and_what_acts_are_told_apart() -> None:
    made = compiled("name: a, kind: shadow_share\nname: b, kind: shed_share")
    modes = {alert.name: alert.expression.count('mode="shadow"') for alert in alerts_of(made)}
    assert modes == {"SidecarShadowWouldRefuse": 2, "SidecarShedding": 0}
