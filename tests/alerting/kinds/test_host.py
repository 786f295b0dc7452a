from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("saturation", ["services/shop"]),
    ("loop_late", ["services/shop"]),
    ("cpu_throttled", ["services/shop"]),
    ("memory_near_limit", ["services/shop"]),
    ("out_of_memory", ["services/shop"]),
    ("descriptors_near_limit", ["services/shop"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_the_worst_instance_counts() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: saturation, above: 75%"))
    assert alert.expression == 'max(sidecar_saturation_ratio{service="shop"}) > 0.75'
