from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("sidecar_absent", ["services/shop"]),
    ("sidecar_down", ["services/shop"]),
    ("sidecar_restarts", ["services/shop"]),
    ("internal_errors", ["services/shop"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_which_targets_are_meant_is_what_they_told_when_they_still_did() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: sidecar_down"))
    assert alert.expression == (
        "count(up == 0 and on (job, instance) "
        'last_over_time(sidecar_build_info{service="shop"}[1d])) > 0'
    )
