"""What log records say of a request and of what was decided about it."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given

from sidecar.telemetry.attributes import ATTRIBUTES
from sidecar.telemetry.log_records import (
    access_log_record,
    decision_log_records,
    event_log_record,
)
from sidecar.telemetry.record import ExchangeRecord
from tests.telemetry.exchanges import (
    FALLBACK,
    OFFSET,
    PLAIN,
    REFUSED,
    SHADOW_HIT,
    SORTS,
    any_record,
)
from tests.telemetry.golden import compare
from tests.telemetry.records import make_record

_DECLARED = {one.name for one in ATTRIBUTES}


@pytest.mark.parametrize("sort", SORTS)
def test_log_records_of_each_sort_are_as_they_were_written_down(sort: str) -> None:
    record = SORTS[sort]
    told = [access_log_record(record, OFFSET), *decision_log_records(record, OFFSET)]
    compare(f"{sort}.logs.json", msgspec.to_builtins(told))


def test_a_request_that_simply_passed_was_decided_by_nobody() -> None:
    assert decision_log_records(PLAIN, OFFSET) == []


def test_a_refusal_says_by_what_and_for_whom() -> None:
    (one,) = decision_log_records(REFUSED, OFFSET)
    assert one.body == "POST orders refused by rate_limits/each-user: over 5/s, 10 at once"
    assert one.event_name == "sidecar.decision"
    assert one.attributes["sidecar.key.hash"] == "b1946ac92492d234"
    assert one.attributes["sidecar.decision.retry_after_seconds"] == 0.48
    assert one.attributes["sidecar.rule.labels"] == ["team=checkout"]


def test_a_hit_of_a_shadow_rule_is_one_that_would_have_been() -> None:
    (one,) = decision_log_records(SHADOW_HIT, OFFSET)
    assert one.body == "GET orders would be refused by access/bots: on its deny list by user-agent"
    assert one.attributes["sidecar.rule.mode"] == "shadow"
    assert "curl" not in str(one), "the value itself is told to nobody"


def test_a_degraded_request_says_who_refused_it_and_who_answered() -> None:
    refused, applied = decision_log_records(FALLBACK, OFFSET)
    assert refused.attributes["sidecar.rule.name"] == "inventory"
    assert applied.attributes["sidecar.decision.outcome"] == "applied"
    assert applied.attributes["sidecar.rule.name"] == "unknown-stock"


@pytest.mark.parametrize("status, severity", [(499, "INFO"), (500, "ERROR"), (0, "INFO")])
def test_a_5xx_is_an_error(status: int, severity: str) -> None:
    assert access_log_record(make_record(status=status), OFFSET).severity == severity


def test_an_event_of_the_sidecar_belongs_to_no_trace() -> None:
    one = event_log_record(1.5, "sidecar.started", "INFO", "it listens", {"process.pid": 7})
    assert (one.at, one.observed, one.trace_id) == (1_500_000_000, 1_500_000_000, "")


@given(any_record())
def test_any_record_can_be_logged(record: ExchangeRecord) -> None:
    told = [access_log_record(record, OFFSET), *decision_log_records(record, OFFSET)]
    for one in told:
        assert set(one.attributes) <= _DECLARED
        assert one.at <= one.observed
        assert one.trace_id == record.trace_id.decode()
        assert one.span_id == record.span_id.decode()
    json.dumps(msgspec.to_builtins(told), allow_nan=False)
