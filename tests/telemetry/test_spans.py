"""What spans say of an exchange; one golden example for each sort of exchange."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from sidecar.telemetry import attributes as a
from sidecar.telemetry.attributes import ATTRIBUTES, EVENTS
from sidecar.telemetry.record import ExchangeRecord, Keep, Try
from sidecar.telemetry.signals import SpanKind, SpanStatus
from sidecar.telemetry.spans import spans_of
from tests.telemetry.exchanges import OFFSET, PLAIN, REFUSED, RETRIED_TWICE, SORTS, any_record
from tests.telemetry.golden import compare
from tests.telemetry.records import make_record

_DECLARED = {one.name for one in ATTRIBUTES}


@pytest.mark.parametrize("sort", SORTS)
def test_spans_of_each_sort_are_as_they_were_written_down(sort: str) -> None:
    compare(f"{sort}.spans.json", msgspec.to_builtins(spans_of(SORTS[sort], OFFSET)))


def test_the_length_of_a_span_is_what_the_histogram_counts() -> None:
    (span, _) = spans_of(PLAIN, OFFSET)
    assert span.end - span.start == round(PLAIN.seconds * 1e9)


def test_what_could_not_be_read_belongs_to_no_trace() -> None:
    assert spans_of(make_record(method="", target=b"", trace_id=b"", span_id=b""), OFFSET) == []


@pytest.mark.parametrize(
    "listener, kind",
    [
        ("inbound", SpanKind.SERVER),
        ("outbound", SpanKind.INTERNAL),
        ("local/inventory", SpanKind.INTERNAL),
    ],
)
def test_the_service_is_a_server_only_to_others(listener: str, kind: SpanKind) -> None:
    assert spans_of(make_record(listener=listener), OFFSET)[0].kind is kind


@pytest.mark.parametrize(
    "status, reason, fallback, error",
    [
        (200, "", "", ""),
        (404, "", "", ""),
        (429, "rate_limited", "", ""),
        (408, "client_stalled", "", ""),
        (0, "client_gone", "", ""),
        (200, "client_gone", "", ""),
        (500, "", "", "500"),
        (503, "breaker_open", "", "breaker_open"),
        (200, "upstream_truncated", "", "upstream_truncated"),
        (0, "drain_expired", "", "drain_expired"),
        (200, "breaker_open", "fallbacks/stock", ""),
        (502, "upstream_reset", "fallbacks/stock", "502"),
        (500, "client_gone", "", "500"),
    ],
)
def test_what_is_an_error_to_whoever_watches_the_service(
    status: int, reason: str, fallback: str, error: str
) -> None:
    (span,) = spans_of(make_record(status=status, reason=reason, fallback=fallback), OFFSET)
    assert span.status is (SpanStatus.ERROR if error else SpanStatus.UNSET)
    assert span.attributes.get(a.ERROR_TYPE.name, "") == error


@pytest.mark.parametrize(
    "status, reason, error",
    [
        (200, "", ""),
        (404, "", "404"),
        (429, "", "429"),
        (503, "", "503"),
        (0, "connect_failure", "connect_failure"),
        (200, "upstream_truncated", "upstream_truncated"),
        (0, "client_gone", ""),
        (200, "client_stalled", ""),
    ],
)
def test_what_is_an_error_to_whoever_asks_an_endpoint(status: int, reason: str, error: str) -> None:
    one = Try(b"b7ad6b7169203331", 100.3, 100.4, "app", "10.0.0.1:80", status, reason)
    span = spans_of(make_record(tries=(one,)), OFFSET)[1]
    assert span.status is (SpanStatus.ERROR if error else SpanStatus.UNSET)
    assert span.attributes.get(a.ERROR_TYPE.name, "") == error


@pytest.mark.parametrize(
    "method, route, name",
    [
        ("GET", "orders", "GET orders"),
        ("BREW", "orders", "HTTP orders"),
        ("", "", "HTTP"),
        ("GET", "", "GET"),
    ],
)
def test_names_hold_nothing_that_a_client_can_make_up(method: str, route: str, name: str) -> None:
    assert spans_of(make_record(method=method, route=route), OFFSET)[0].name == name


def test_repetitions_are_numbered_from_the_second_try_on() -> None:
    counts = [one.attributes.get(a.RESEND_COUNT.name) for one in spans_of(RETRIED_TWICE, OFFSET)]
    assert counts == [None, None, 1, 2]


@pytest.mark.parametrize(
    "endpoint, address, port, url",
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000, "https://127.0.0.1:9000/orders/17?page=REDACTED"),
        ("[::1]:9000", "::1", 9000, "https://[::1]:9000/orders/17?page=REDACTED"),
        ("unix:/run/a.sock", "/run/a.sock", None, "https://shop.example:8080/orders/17?page=REDACTED"),
        ("other", "shop.example", 8080, "https://shop.example:8080/orders/17?page=REDACTED"),
    ],
)  # fmt: skip
def test_where_a_try_went(endpoint: str, address: str, port: int | None, url: str) -> None:
    one = Try(b"b7ad6b7169203331", 100.3, 100.4, "app", endpoint, 200, "", "https")
    told = spans_of(make_record(tries=(one,)), OFFSET)[1].attributes
    assert told[a.SERVER_ADDRESS.name] == address
    assert told.get(a.SERVER_PORT.name) == port
    assert told[a.URL_FULL.name] == url


def test_a_secret_in_a_query_is_in_no_span() -> None:
    record = make_record(target=b"http://u:pw@h/orders?token=s3cret&s3cret", tries=PLAIN.tries)
    assert "s3cret" not in str(spans_of(record, OFFSET))
    assert "pw" not in str(spans_of(record, OFFSET))


def test_a_refusal_is_told_where_it_came_about() -> None:
    (span,) = spans_of(REFUSED, OFFSET)
    (event,) = span.events
    assert (event.name, event.at) == ("sidecar.decision", span.end)
    assert event.attributes["sidecar.decision.outcome"] == "refused"


@given(any_record())
def test_any_record_gives_spans_that_hold_together(record: ExchangeRecord) -> None:
    first, *below = spans_of(record, OFFSET)
    assert len(below) == len(record.tries)
    for span in (first, *below):
        assert first.start <= span.start <= span.end
        assert span.end <= first.end + 1000, "but for what clocks round"
        assert re.fullmatch("[0-9a-f]{32}", span.trace_id)
        assert re.fullmatch("[0-9a-f]{16}", span.span_id)
        assert span.parent_span_id == first.span_id or span is first
        assert set(span.attributes) <= _DECLARED
        for event in span.events:
            assert first.start <= event.at <= first.end + 1000
            assert event.name in {one.name for one in EVENTS}
            assert set(event.attributes) <= _DECLARED
    json.dumps(msgspec.to_builtins([first, *below]), allow_nan=False)


@pytest.mark.parametrize("keep", Keep)
def test_why_it_is_kept_is_told(keep: Keep) -> None:
    told: dict[str, Any] = dict(spans_of(make_record(kept=keep), OFFSET)[0].attributes)
    assert told.get("sidecar.trace.kept", "") == keep.value


def test_golden_files_are_those_of_the_sorts_there_are() -> None:
    folder = Path(__file__).parent / "golden"
    assert {one.name.split(".")[0] for one in folder.glob("*.json")} == set(SORTS)
