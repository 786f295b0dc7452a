from __future__ import annotations

import re

import pytest

from sidecar.telemetry.catalogue import ATTRIBUTES, METRICS
from sidecar.telemetry.declaration import Kind, Metric
from sidecar.telemetry.otel_names import dotted_name, ucum_unit

_WORDS = {"s": "_seconds", "By": "_bytes", "1": "_ratio"}
_OURS = [metric for metric in METRICS if not metric.dotted]


def written_for_prometheus(name: str, unit: str, kind: Kind) -> str:
    """As OpenTelemetry's exporters for Prometheus write a name."""
    total = "_total" if kind is Kind.COUNTER else ""
    return f"{name.replace('.', '_')}{_WORDS.get(unit, '')}{total}"


@pytest.mark.parametrize("metric", _OURS, ids=lambda metric: metric.name)
def test_names_lead_back_to_those_of_prometheus(metric: Metric) -> None:
    name = dotted_name(metric)
    assert written_for_prometheus(name, ucum_unit(metric), metric.kind) == metric.name


@pytest.mark.parametrize(
    "name, dotted, unit",
    [
        ("http_server_request_duration_seconds", "http.server.request.duration", "s"),
        ("http_client_request_duration_seconds", "http.client.request.duration", "s"),
        ("sidecar_overhead_seconds", "sidecar.overhead", "s"),
        ("sidecar_upstream_connects_total", "sidecar.upstream.connects", "{connection}"),
        ("sidecar_downstream_sent_bytes_total", "sidecar.downstream.sent", "By"),
        ("sidecar_rate_limit_tracked_keys", "sidecar.rate_limit.tracked_keys", "{key}"),
        ("sidecar_breaker_error_ratio", "sidecar.breaker.error", "1"),
        ("sidecar_breaker_state", "sidecar.breaker.status", "{breaker}"),
        ("sidecar_rules_info", "sidecar.rules.info", "{rule_set}"),
        ("process_cpu_seconds_total", "process.cpu.time", "s"),
    ],
)
def test_names_and_units(name: str, dotted: str, unit: str) -> None:
    [metric] = [one for one in METRICS if one.name == name]
    assert (dotted_name(metric), ucum_unit(metric)) == (dotted, unit)


def test_no_two_things_have_one_name() -> None:
    names = [dotted_name(metric) for metric in METRICS]
    assert len(set(names)) == len(names)
    # Elasticsearch shows metrics and attributes side by side.
    assert not set(names) & {attribute.name for attribute in ATTRIBUTES}


def test_what_has_no_unit_says_what_it_counts() -> None:
    for metric in METRICS:
        assert bool(metric.unit) != bool(metric.counted), metric.name
        assert re.fullmatch(r"s|By|1|\{[a-z_]+\}", ucum_unit(metric))
