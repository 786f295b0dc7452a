from __future__ import annotations

from typing import Any

import pytest

from sidecar.commands.span_row import event_in_words, one_line, row_of
from sidecar.traces.trace import StoredEvent, StoredSpan


def span(**changes: Any) -> StoredSpan:
    return StoredSpan(
        **{"trace_id": "1" * 32, "span_id": "2" * 16, "name": "GET orders", "start": 0, "end": 1,
           "resource": {"service.name": "order"}, **changes}
    )  # fmt: skip


def test_a_service_is_named_where_it_begins() -> None:
    assert row_of(span(), "web", ">").label == "order GET orders"
    assert row_of(span(), "order", ">").label == "GET orders"


def test_a_try_says_where_it_went_and_the_how_manieth_it_is() -> None:
    asked = {"server.address": "127.0.0.1", "server.port": 80, "http.request.resend_count": 2}
    row = row_of(span(kind="client", name="GET app", attributes=asked), "order", "→")
    assert (row.label, row.place) == ("→ GET app #3", "127.0.0.1:80")
    assert row_of(span(kind="client", name="GET app"), "order", ">").label == "> GET app"


@pytest.mark.parametrize(
    "attributes, status, result",
    [
        ({}, "", ""),
        ({"http.response.status_code": 200}, "", "200"),
        ({"http.response.status_code": 503, "error.type": "503"}, "error", "503"),
        ({"error.type": "connect_failure"}, "error", "connect_failure"),
        ({"http.response.status_code": 429, "sidecar.reason": "rate_limited"}, "",
         "429 rate_limited"),
        ({}, "error", "error"),
    ],
)  # fmt: skip
def test_how_it_ended(attributes: dict[str, Any], status: str, result: str) -> None:
    assert row_of(span(attributes=attributes, status=status), "", ">").result == result


@pytest.mark.parametrize(
    "name, attributes, words",
    [
        ("sidecar.breaker", {"body": "The breaker app has opened.", "x": 1},
         "The breaker app has opened."),
        ("sidecar.decision",
         {"sidecar.rule.kind": "rate_limits", "sidecar.rule.name": "each",
          "sidecar.decision.outcome": "refused", "sidecar.rule.mode": "shadow"},
         "rate_limits/each refused (shadow)"),
        ("exception", {"exception.type": "E", "sidecar.a": 1}, "exception exception.type=E a=1"),
    ],
)  # fmt: skip
def test_events(name: str, attributes: dict[str, Any], words: str) -> None:
    assert event_in_words(StoredEvent(0, name, attributes)) == words


def test_nobody_moves_our_cursor() -> None:
    assert one_line("a\x1b[2J\nb\r") == "a�[2J�b�"
