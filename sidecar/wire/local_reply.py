"""The responses that the sidecar makes itself: refusals, explained to people and to programs."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from json.encoder import encode_basestring_ascii
from math import ceil

#: Names in RFC 9110 that ``HTTPStatus`` has in an older form, and what is not in any RFC.
_NEWER_TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    499: "Client Closed Request",
}
_TITLES = {status.value: status.phrase for status in HTTPStatus} | _NEWER_TITLES
#: A refusal is about this moment. Some of these statuses would be cached without being told not
#: to (RFC 9110, 15.1), and then answer for moments to come.
_ABOUT = b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
#: 405 must say what is allowed instead (RFC 9110, 15.5.6).
_ALLOW = b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
#: Longer than anybody waits; beyond it there is nothing to come back for.
_RETRY_SECONDS_AT_MOST = 366 * 86400
_NO_CONTENT = frozenset({204, 304})


def write_reply(  # noqa: PLR0913 - what a reply is made of, each by its name
    status: int,
    reason: str,
    detail: str,
    *,
    decision_id: bytes | None,
    rule: str | None,
    retry_after: float | None,
    headers: Sequence[tuple[bytes, bytes]],
    keep_alive: bool,
    head_only: bool,
    date: bytes,
    minor: int,
) -> bytes:
    """A whole response, ready to be written: head and ``application/problem+json`` (RFC 9457).

    ``reason`` is a word of the catalogue, ``detail`` one sentence for the client. ``rule`` and
    ``decision_id`` are given as far as they may be disclosed. ``retry_after`` is in seconds;
    what is sent is never earlier: whole milliseconds in the body, whole seconds in the head.
    ``headers`` are added as they are. ``date`` is the value of ``Date``. ``minor`` is the
    client's version, which decides how persistence is said. To ``HEAD`` (``head_only``) and with
    204 or 304 no content is sent.
    """
    wait_ms = _whole_milliseconds(retry_after)
    body = _problem(status, reason, detail)
    lines = [status_line(status), b"Date: %b\r\n" % date, _ABOUT]
    if decision_id:
        body += b',"decision":"%b"' % decision_id
        lines.append(b"x-sidecar-decision: %b\r\n" % decision_id)
    if wait_ms is not None:
        body += b',"retry_after_ms":%d' % wait_ms
        lines.append(b"Retry-After: %d\r\n" % (-(-wait_ms // 1000)))
    if rule is not None:
        body += b',"rule":' + encode_basestring_ascii(rule).encode("ascii")
    body += b"}\n"
    lines += [b"%b: %b\r\n" % field for field in headers]
    if status == 405:
        lines.append(_ALLOW)
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    elif not minor:
        # HTTP/1.0 closes unless it is told otherwise (RFC 9112, C.2.2).
        lines.append(b"Connection: keep-alive\r\n")
    if status not in _NO_CONTENT:
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines.append(b"\r\n" if head_only or status in _NO_CONTENT else b"\r\n" + body)
    return b"".join(lines)


def title_of(status: int) -> str:
    """The status in words (RFC 9110, 15)."""
    return _TITLES.get(status) or f"Status {status}"


def status_line(status: int) -> bytes:
    """The first line of an answer, with its CRLF."""
    return _STATUS_LINES.get(status) or _status_line(status)


def _status_line(status: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, title_of(status).encode("ascii"))


def _problem(status: int, reason: str, detail: str) -> bytes:
    """The problem object, still open."""
    return (
        f'{{"type":"about:blank","title":"{title_of(status)}","status":{status},'
        f'"detail":{encode_basestring_ascii(detail)},"reason":"{reason}"'
    ).encode("ascii")


def _whole_milliseconds(seconds: float | None) -> int | None:
    if seconds is None or not seconds <= _RETRY_SECONDS_AT_MOST:
        return None
    # A nanosecond is forgiven: 2.0000000000000004 s is not 3 s.
    return max(0, ceil(seconds * 1000 - 1e-6))


_STATUS_LINES = {status: _status_line(status) for status in _TITLES}
