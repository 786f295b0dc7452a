from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import sidecar
from sidecar.model import outcome
from sidecar.telemetry.access_log import attribute_name
from sidecar.telemetry.catalogue import ATTRIBUTES, EVENTS, METRICS, REASONS
from sidecar.telemetry.declaration import Attribute, Event, Kind, Metric, Reason, Use
from sidecar.telemetry.reasons import reasons
from sidecar.wire import rejection

_PACKAGE = Path(sidecar.__file__).parent
#: Where a reason stands among the arguments of what carries one.
_CARRIERS = {"LocalReply": 1, "Rejected": 1, "Failure": 1}


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


def test_what_identifies_a_person_or_a_request_is_no_label() -> None:
    for attribute in ATTRIBUTES:
        if attribute.name.startswith(("client.", "url.path", "url.query", "trace_", "span_")):
            assert attribute.label == "", attribute.name


def test_every_help_is_a_sentence() -> None:
    all_declared: list[Attribute | Reason | Event] = [*ATTRIBUTES, *REASONS, *EVENTS]
    for declared in all_declared:
        assert declared.help.endswith("."), declared.name


def test_every_failure_of_the_model_is_a_reason() -> None:
    failures = [one for one in vars(outcome).values() if isinstance(one, outcome.Failure)]
    assert failures
    assert {failure.reason for failure in failures} <= set(reasons(Use.FAILURE))


def test_what_may_be_retried_is_a_reason_of_retries() -> None:
    retried = {
        failure.reason
        for failure in vars(outcome).values()
        if isinstance(failure, outcome.Failure) and failure.retry is not outcome.Retry.NEVER
    }
    assert retried == set(reasons(Use.RETRY))


def test_every_word_of_the_wire_is_a_reason_of_rejections() -> None:
    words = {value for name, value in vars(rejection).items() if name.isupper()}
    assert words
    assert words <= set(reasons(Use.REJECTION))


def test_every_reason_has_a_use() -> None:
    assert [reason.name for reason in REASONS if not reason.uses] == []


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else ""
                yield function.id if isinstance(function, ast.Name) else name, node


def _literal(call: ast.Call, position: int, keyword: str) -> str | None:
    given = [one.value for one in call.keywords if one.arg == keyword]
    given += call.args[position : position + 1]
    if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        return given[0].value
    return None


def test_every_reason_written_in_the_package_is_declared() -> None:
    written = {
        word
        for name, call in _calls()
        if name in _CARRIERS and (word := _literal(call, _CARRIERS[name], "reason")) is not None
    }
    assert written
    assert written - {reason.name for reason in REASONS} == set()


def test_every_event_written_in_the_package_is_declared() -> None:
    written = {_literal(call, 0, "name") for name, call in _calls() if name == "log_event"}
    assert written - {event.name for event in EVENTS} - {None} == set()


def test_every_attribute_of_an_event_written_in_the_package_is_declared() -> None:
    written = {
        attribute_name(keyword.arg)
        for name, call in _calls()
        if name == "log_event"
        for keyword in call.keywords
        if keyword.arg is not None
    }
    assert written - {attribute.name for attribute in ATTRIBUTES} == set()
