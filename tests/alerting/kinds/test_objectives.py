from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("burn_rate, slo: up", ["slo/up", "slo/up"]),
    ("burn_rate, for_each: slo, ticket: []", ["slo/up", "slo/quick"]),
    ("budget_left", ["slo/up", "slo/quick"]),
    ("error_share", ["services/shop"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_a_burn_rate_holds_over_both_windows_and_for_enough_requests() -> None:
    (alert,) = alerts_of(
        compiled("name: a, kind: burn_rate, slo: up, page: [14.4x over 1h/5m], ticket: []")
    )
    of = '{service="shop",slo="up"}'
    assert alert.expression == (
        f"(slo:sidecar_slo_bad:ratio1h{of} / 0.001 > 14.4 "
        f"and slo:sidecar_slo_bad:ratio5m{of} / 0.001 > 14.4 "
        f"and slo:sidecar_slo_requests:increase1h{of} >= 20)"
    )


def test_one_alert_is_a_page_and_the_other_a_ticket() -> None:
    made = alerts_of(compiled("name: a, kind: burn_rate, slo: up"))
    assert [alert.severity.value for alert in made] == ["page", "ticket"]
    assert [alert.expression.count(" or ") for alert in made] == [1, 1]


def test_errors_of_some_routes() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: error_share, route: [pay, other]"))
    assert alert.expression.count('http_route=~"pay|other"') == 2
    assert "to pay, other of shop fail" in alert.annotations["summary"]


def test_errors_of_some_routes_are_told_apart_from_those_of_others() -> None:
    """Else a page for one route would silence the ticket for another."""
    some, all_of_them = alerts_of(
        compiled("name: a, kind: error_share, route: [pay, other]\nname: b, kind: error_share")
    )
    assert some.labels["route"] == "pay,other"
    assert "route" not in all_of_them.labels
