from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from sidecar.telemetry.catalogue import ATTRIBUTES, EVENTS, METRICS, REASONS
from sidecar.telemetry.declaration import Attribute, Event, Kind, Metric, Reason


def _repeated(names: Iterator[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_every_name_is_declared_once() -> None:
    assert _repeated(metric.name for metric in METRICS) == []
    assert _repeated(metric.family for metric in METRICS) == []
    assert _repeated(attribute.name for attribute in ATTRIBUTES) == []
    assert _repeated(reason.name for reason in REASONS) == []
    assert _repeated(event.name for event in EVENTS) == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_metrics_are_named_as_prometheus_advises(metric: Metric) -> None:
    assert re.fullmatch("[a-z][a-z0-9_]*", metric.name)
    assert metric.name.startswith(("sidecar_", "http_", "process_"))
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind is Kind.INFO)
    assert not metric.unit or metric.family.endswith(f"_{metric.unit}")
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_labels_may_be_labels_and_name_the_service_first(metric: Metric) -> None:
    assert metric.label_names[0] == "service"
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in metric.label_names)
    assert len(set(metric.label_names)) == len(metric.label_names)
    assert ("reason" in metric.label_names) == bool(metric.reasons)


def test_every_help_is_a_sentence() -> None:
    all_declared: list[Attribute | Reason | Event] = [*ATTRIBUTES, *REASONS, *EVENTS]
    for declared in all_declared:
        assert declared.help.endswith("."), declared.name
