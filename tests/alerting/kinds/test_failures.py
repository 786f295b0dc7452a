from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("degraded_share", ["fallbacks/busy", "fallbacks/paid"]),
    ("fallback_failing, fallback: busy", ["fallbacks/busy"]),
    ("retries_skipped", ["retries/reads"]),
    ("keys_forgotten", ["rate_limits/each"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_answers_of_a_fallback_are_held_against_the_routes_that_it_governs() -> None:
    busy, paid = alerts_of(compiled("name: a, kind: degraded_share"))
    assert "http_route" not in busy.expression
    assert 'http_route=~"pay"' in paid.expression
