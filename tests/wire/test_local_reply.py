"""Refusals as bytes: framed so that any client can go on, and explained."""

from __future__ import annotations

import json
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.local_reply import title_of, write_reply

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
PLAIN: dict[str, Any] = {
    "decision_id": None,
    "rule": None,
    "retry_after": None,
    "headers": (),
    "keep_alive": True,
    "head_only": False,
    "date": DATE,
    "minor": 1,
}


def reply(status: int = 429, **changes: Any) -> tuple[str, dict[str, str], bytes]:
    """Status line, fields by lower-case name, and what follows the head."""
    message = write_reply(status, "rate_limited", "too much at once", **PLAIN | changes)
    head, end, body = message.partition(b"\r\n\r\n")
    assert end
    status_line, *lines = head.decode("ascii").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines)
    return status_line, {name.lower(): value for name, value in fields.items()}, body


def test_a_plain_refusal_to_the_byte() -> None:
    body = (
        b'{"type":"about:blank","title":"Too Many Requests","status":429,'
        b'"detail":"too much at once","reason":"rate_limited"}\n'
    )
    assert write_reply(429, "rate_limited", "too much at once", **PLAIN) == (
        b"HTTP/1.1 429 Too Many Requests\r\n"
        b"Date: " + DATE + b"\r\n"
        b"Content-Type: application/problem+json\r\n"
        b"Cache-Control: no-store\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


def test_all_that_may_be_told() -> None:
    _, fields, body = reply(
        decision_id=b"00f067aa0ba902b7",
        rule="per-user",
        retry_after=1.25,
        headers=((b"RateLimit", b'"default";r=0;t=2'), (b"x-degraded", b"1")),
    )
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "too much at once",
        "reason": "rate_limited",
        "decision": "00f067aa0ba902b7",
        "retry_after_ms": 1250,
        "rule": "per-user",
    }
    assert fields["x-sidecar-decision"] == "00f067aa0ba902b7"
    assert fields["retry-after"] == "2"
    assert fields["ratelimit"] == '"default";r=0;t=2'
    assert fields["x-degraded"] == "1"


@pytest.mark.parametrize("seconds, whole, milliseconds", [
    (0.0, "0", 0), (0.0001, "1", 1), (0.999, "1", 999), (1.0, "1", 1000), (1.0001, "2", 1001),
    (2.0000000000000004, "2", 2000), (0.1 + 0.2, "1", 300), (59.0 + 1e-12, "59", 59000),
    (-1.0, "0", 0), (3600.0, "3600", 3600000),
])  # fmt: skip
def test_retry_after_is_never_early(seconds: float, whole: str, milliseconds: int) -> None:
    _, fields, body = reply(retry_after=seconds)
    assert fields["retry-after"] == whole
    assert json.loads(body)["retry_after_ms"] == milliseconds


@pytest.mark.parametrize("seconds", [None, float("inf"), float("nan"), 1e12])
def test_nothing_to_come_back_for(seconds: float | None) -> None:
    _, fields, body = reply(retry_after=seconds)
    assert "retry-after" not in fields
    assert "retry_after_ms" not in json.loads(body)


@pytest.mark.parametrize("minor, keep_alive, said", [
    (1, True, None), (1, False, "close"), (0, True, "keep-alive"), (0, False, "close"),
])  # fmt: skip
def test_persistence(minor: int, keep_alive: bool, said: str | None) -> None:
    status_line, fields, _ = reply(minor=minor, keep_alive=keep_alive)
    assert fields.get("connection") == said
    # The version is ours, whatever the client's is (RFC 9110, 2.5).
    assert status_line.startswith("HTTP/1.1 ")


def test_head_gets_the_same_fields_and_no_content() -> None:
    status_line, fields, body = reply(head_only=True)
    assert body == b""
    assert (status_line, fields) == reply()[:2]
    assert int(fields["content-length"]) == len(reply()[2])


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_content(status: int) -> None:
    _, fields, body = reply(status)
    assert body == b""
    assert "content-length" not in fields


def test_what_is_allowed_instead() -> None:
    assert reply(405)[1]["allow"].startswith("GET, HEAD, POST")
    assert "allow" not in reply(400)[1]


@pytest.mark.parametrize("status, title", [
    (403, "Forbidden"), (413, "Content Too Large"), (431, "Request Header Fields Too Large"),
    (421, "Misdirected Request"), (503, "Service Unavailable"), (418, "I'm a Teapot"),
    (599, "Status 599"),
])  # fmt: skip
def test_titles(status: int, title: str) -> None:
    status_line, _, body = reply(status)
    assert status_line == f"HTTP/1.1 {status} {title}"
    assert json.loads(body)["title"] == title_of(status) == title


@given(st.text(), st.sampled_from([400, 403, 405, 413, 429, 503, 599]), st.booleans())
def test_any_detail_is_framed_and_escaped(detail: str, status: int, keep_alive: bool) -> None:
    message = write_reply(status, "bad_request", detail, **PLAIN | {"keep_alive": keep_alive})
    reader = Reader()
    reader.parser.feed_data(message)
    assert reader.complete
    assert reader.parser.get_status_code() == status
    assert reader.keeps_alive == keep_alive
    assert json.loads(reader.body)["detail"] == detail


class Reader:
    """What another parser makes of it."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.keeps_alive = False
        self.complete = False

    def on_headers_complete(self) -> None:
        self.keeps_alive = self.parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True
