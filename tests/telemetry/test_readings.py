from __future__ import annotations

from sidecar.model.policy import Mode, Reading, Rule
from sidecar.telemetry import catalogue
from sidecar.telemetry.readings import READINGS, reading_rows

EACH = Rule("rate_limits", "each", Mode.ENFORCE, "test:1")
ALL = Rule("rate_limits", "all", Mode.SHADOW, "test:2")


def test_readings_of_one_name_are_one_metric() -> None:
    readings = [
        (EACH, Reading("tracked_keys", 3)),
        (EACH, Reading("evictions", 1)),
        (ALL, Reading("tracked_keys", 0)),
    ]
    rows = {metric.name: list(found) for metric, found in reading_rows(readings)}
    assert rows == {
        "sidecar_rate_limit_tracked_keys": [
            (("rate_limits", "each", "enforce"), 3),
            (("rate_limits", "all", "shadow"), 0),
        ],
        "sidecar_rate_limit_evictions_total": [(("rate_limits", "each", "enforce"), 1)],
    }


def test_a_word_that_is_not_declared_does_not_grow_the_set_of_metrics() -> None:
    assert list(reading_rows([(EACH, Reading("whatever", 1.0))])) == []


def test_every_reading_is_a_metric_of_the_catalogue_with_the_labels_of_a_rule() -> None:
    for metric in READINGS.values():
        assert metric in catalogue.METRICS
        assert metric.label_names[:4] == ("service", "kind", "rule", "mode")
        assert len(metric.label_names) <= 5
