from __future__ import annotations

import pytest

from tests.alerting.files import alerts_of, compiled

#: An entry, and what each of its alerts is about.
ABOUT = [
    ("telemetry_dropped", ["services/shop"]),
    ("telemetry_behind", ["services/shop"]),
    ("exporter_down", ["services/shop"]),
]


@pytest.mark.parametrize("entry, about", ABOUT)
def test_what_each_alert_is_about(entry: str, about: list[str]) -> None:
    made = alerts_of(compiled(f"name: a, kind: {entry}"))
    assert [alert.annotations["rule"] for alert in made] == about


def test_alerts_about_telemetry_stand_where_the_file_speaks_of_it() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: exporter_down"))
    (absent,) = alerts_of(compiled("name: a, kind: telemetry_dropped", rest=""))
    assert alert.annotations["source"] != alert.annotations["alert_source"]
    assert absent.annotations["source"] == absent.annotations["alert_source"]
