from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.telemetry.catalogue import ATTRIBUTES
from sidecar.telemetry.request_line import RequestLine, request_line
from tests.telemetry.records import make_record


def logged(**changes: Any) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(
        msgspec.json.encode(request_line(make_record(**changes), "order", 1_700_000_000.0))
    )
    return line


def test_an_answered_request() -> None:
    assert logged() == {
        "time": "2023-11-14T22:15:00.250000Z",
        "severity": "INFO",
        "event_name": "sidecar.request",
        "service.name": "order",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "trace_flags": "00",
        "sidecar.listener": "inbound",
        "client.address": "192.0.2.7",
        "http.request.method": "GET",
        "server.address": "shop.example",
        "server.port": 8080,
        "url.path": "/orders/17",
        "url.query": "page=REDACTED",
        "http.route": "orders",
        "http.response.status_code": 200,
        "http.request.body.size": 0,
        "http.response.body.size": 201,
        "duration_ms": 12.346,
        "sidecar.overhead_ms": 0.21,
        "sidecar.upstream": "app",
        "sidecar.endpoint": "127.0.0.1:9000",
        "sidecar.attempts": 1,
        "sidecar.rules.version": "3-9f3c",
    }


def test_a_refused_request_names_the_rule_and_no_endpoint() -> None:
    line = logged(
        status=429,
        reason="rate_limited",
        rule="rate_limits/per-client",
        upstream="",
        endpoint="",
        attempts=0,
        parent_id=b"00f067aa0ba902b8",
        sampled=True,
        shadow=("access/bots",),
    )
    assert line["severity"] == "INFO"
    assert line["sidecar.reason"] == "rate_limited"
    assert line["sidecar.rule.kind"] == "rate_limits"
    assert line["sidecar.rule.name"] == "per-client"
    assert line["sidecar.shadow.would_refuse"] == ["access/bots"]
    assert line["parent_span_id"] == "00f067aa0ba902b8"
    assert line["trace_flags"] == "01"
    assert not {"sidecar.upstream", "sidecar.endpoint", "sidecar.attempts"} & set(line)


def test_what_was_no_request_has_neither_method_nor_target() -> None:
    line = logged(method="", host=b"", target=b"", route="", status=400, trace_id=b"")
    absent = {"http.request.method", "http.request.method_original", "server.address", "trace_id"}
    assert not (absent | {"url.path", "http.route"}) & set(line)
    assert line["http.response.status_code"] == 400


@pytest.mark.parametrize("status, severity", [(499, "INFO"), (500, "ERROR"), (0, "INFO")])
def test_a_5xx_is_an_error(status: int, severity: str) -> None:
    assert logged(status=status)["severity"] == severity


def test_no_status_when_none_was_sent() -> None:
    assert "http.response.status_code" not in logged(status=0)


def test_an_unknown_method_is_told_apart_from_a_known_one() -> None:
    line = logged(method="BREW")
    assert line["http.request.method"] == "_OTHER"
    assert line["http.request.method_original"] == "BREW"


def test_every_field_is_an_attribute_of_the_catalogue() -> None:
    written = {field.encode_name for field in msgspec.structs.fields(RequestLine)}
    assert written <= {attribute.name for attribute in ATTRIBUTES}


def test_the_documentation_shows_a_line_as_it_is() -> None:
    shown = request_line(
        make_record(
            started=0.123456,
            seconds=0.000211,
            overhead_seconds=0.000211,
            method="POST",
            host=b"shop.example",
            target=b"/orders?coupon=SUMMER",
            status=429,
            reason="rate_limited",
            rule="rate_limits/per-client",
            bytes_received=312,
            bytes_sent=154,
            upstream="",
            endpoint="",
            attempts=0,
            sampled=True,
            version="3-9f3c2a",
        ),
        "order",
        1_768_210_200.0,
    )
    page = Path(__file__).parents[2] / "docs" / "telemetry.md"
    assert msgspec.json.encode(shown).decode() in page.read_text("utf-8")
