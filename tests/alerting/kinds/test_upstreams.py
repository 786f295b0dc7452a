from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("endpoints_down", ["upstreams/inventory"]),
    ("connects_failing", ["upstreams/app", "upstreams/inventory", "upstreams/coupon"]),
    ("connects_failing, upstream: [coupon]", ["upstreams/coupon"]),
    ("lookups_failing", ["upstreams/coupon"]),
    ("pool_overflows, upstream: app", ["upstreams/app"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_an_upstream_is_a_label() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: endpoints_down"))
    assert alert.labels["upstream"] == "inventory"
    assert alert.annotations["source"] == "shop.yaml:4"
