from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("rules_refused", ["services/shop"]),
    ("control_active", ["services/shop"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_controls_are_told_by_sort() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: control_active"))
    assert "{{ $labels.control }}" in alert.annotations["summary"]
    assert "by (control)" in alert.expression
