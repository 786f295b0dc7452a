from __future__ import annotations

import pytest

from sidecar.ruleset.telemetry_sections import (
    DecisionLog,
    ElasticsearchSpec,
    Kept,
    OtlpSpec,
    Propagation,
    TelemetrySpec,
)


def test_the_log_goes_to_standard_output_and_nothing_anywhere_else() -> None:
    spec = TelemetrySpec()
    assert spec.logs.file == "stdout"
    assert spec.logs.access == pytest.approx(1.0)
    assert spec.logs.decisions is DecisionLog.ALL
    assert not spec.logs.application
    assert (spec.prometheus, spec.elasticsearch, spec.otlp, spec.files) == (None,) * 4


def test_what_is_kept_of_traces_unless_somebody_says_otherwise() -> None:
    traces = TelemetrySpec().traces
    assert traces.sample == pytest.approx(0.01)
    assert traces.always == (Kept.ERROR, Kept.REFUSED, Kept.DEGRADED, Kept.SLOW)
    assert traces.slow == 1
    assert traces.propagate == (Propagation.TRACECONTEXT, Propagation.BAGGAGE)


def test_one_address_of_a_cluster_or_several() -> None:
    one = ElasticsearchSpec.model_validate({"url": "http://es:9200"})
    two = ElasticsearchSpec.model_validate({"url": ["http://a:9200", "https://b:9200"]})
    assert (len(one.url), len(two.url)) == (1, 2)
    assert one.spool.memory == 16 << 20
    assert one.spool.disk == 256 << 20


def test_a_collector_is_where_the_standard_variables_say_unless_said_otherwise() -> None:
    spec = OtlpSpec()
    assert (spec.endpoint, spec.protocol, spec.headers, spec.ca) == (None, None, {}, "")
    assert spec.metrics_every == 10


def test_fields_for_a_collector_are_named_in_any_case() -> None:
    spec = OtlpSpec.model_validate({
        "endpoint": "https://otel/path/",
        "headers": {"API-Key": {"env": "KEY"}},
    })  # fmt: skip
    assert spec.endpoint == "https://otel/path"
    assert [*spec.headers] == ["api-key"]
