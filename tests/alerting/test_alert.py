from __future__ import annotations

from sidecar.alerting.alert import Source


def test_a_place_is_written_as_people_look_for_it() -> None:
    assert str(Source("order.rules.yaml", 12)) == "order.rules.yaml:12"
