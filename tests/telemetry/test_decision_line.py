from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from sidecar.model.policy import Facts
from sidecar.telemetry.attributes import ATTRIBUTES
from sidecar.telemetry.decision_line import DecisionLine, decision_lines
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.log_records import decision_log_records
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.request_line import request_line
from tests.telemetry.exchanges import EACH_USER, OFFSET, REFUSED, SORTS, any_record
from tests.telemetry.records import make_record

#: What a log record says elsewhere than in its attributes.
_AROUND = {"time", "severity", "event_name", "service.name", "body", "trace_id", "span_id"}


def logged(record: ExchangeRecord) -> list[dict[str, Any]]:
    lines = decision_lines(record, request_line(record, "order", OFFSET))
    return [json.loads(msgspec.json.encode(line)) for line in lines]


@pytest.mark.parametrize("sort", SORTS)
def test_a_line_has_the_data_of_the_log_record(sort: str) -> None:
    record = SORTS[sort]
    told = [msgspec.to_builtins(one) for one in decision_log_records(record, OFFSET)]
    lines = logged(record)
    assert len(lines) == len(told)
    for line, one in zip(lines, told, strict=True):
        attributes = {k: v for k, v in line.items() if k not in _AROUND | {"trace_flags"}}
        assert attributes == one["attributes"]
        assert line["body"] == one["body"]
        assert line["span_id"] == one["span_id"]


@pytest.mark.parametrize(
    "facts, told",
    [
        ({}, {}),
        ({"host": "x", "value": "ali…"}, {}),
        ({"limit": "5/s"}, {"sidecar.decision.limit": "5/s"}),
        ({"cpu": "unknown", "cpu_at_most": 0.8}, {"sidecar.decision.cpu_at_most": 0.8}),
        (
            {"cpu": 0.9, "cpu_at_most": 0.8},
            {"sidecar.decision.cpu": 0.9, "sidecar.decision.cpu_at_most": 0.8},
        ),
    ],
)
def test_facts_are_told_by_their_names_or_not_at_all(facts: Facts, told: dict[str, Any]) -> None:
    evidence = Evidence(None, (Finding(EACH_USER, Said.WOULD_REFUSE, facts),))
    (line,) = logged(make_record(evidence=evidence))
    found = {k: v for k, v in line.items() if k.startswith("sidecar.decision.")}
    assert found == {"sidecar.decision.outcome": "refused", **told}


@given(any_record())
def test_any_decision_can_be_logged(record: ExchangeRecord) -> None:
    declared = {one.name for one in ATTRIBUTES}
    for line in logged(record):
        assert set(line) <= declared
        assert line["event_name"] == "sidecar.decision"


def test_every_field_is_an_attribute_of_the_catalogue() -> None:
    written = {field.encode_name for field in msgspec.structs.fields(DecisionLine)}
    assert written <= {attribute.name for attribute in ATTRIBUTES}


def test_the_documentation_shows_a_line_as_it_is() -> None:
    record = msgspec.structs.replace(REFUSED, started=0.123456)
    (line,) = decision_lines(record, request_line(record, "order", 1_768_210_200.0))
    page = Path(__file__).parents[2] / "docs" / "telemetry.md"
    assert msgspec.json.encode(line).decode() in page.read_text("utf-8")
