"""Request and response heads, read strictly (RFC 9112): what is ambiguous is refused.

This is the reference in pure Python; a compiled twin keeps the same contract. Nothing read here
is forwarded as raw bytes: a head is written anew from the lines that were found valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sidecar.model.http import NO_FIELDS, RequestHead, ResponseHead
from sidecar.wire.names import SPECIAL_FROM, SPECIAL_TO, Kind, NameTable, is_token
from sidecar.wire.rejection import Rejected
from sidecar.wire.trace_context import KEPT

KeyT = TypeVar("KeyT")

_WATCHED = int(Kind.WATCHED)
_HOST = int(Kind.HOST)
_CONTENT_LENGTH = int(Kind.CONTENT_LENGTH)
_TRANSFER_ENCODING = int(Kind.TRANSFER_ENCODING)
_CONNECTION = int(Kind.CONNECTION)
_KEEP_ALIVE = int(Kind.KEEP_ALIVE)
_EXPECT = int(Kind.EXPECT)
_UPGRADE = int(Kind.UPGRADE)
_TE = int(Kind.TE)
_X_FORWARDED_OTHER = int(Kind.X_FORWARDED_OTHER)
_DATE = int(Kind.DATE)
_X_SIDECAR_TRACE = int(Kind.X_SIDECAR_TRACE)
_SPECIAL_FROM = int(SPECIAL_FROM)
_SPECIAL_TO = int(SPECIAL_TO)

#: Control bytes, which no head may hold but for the CRLF between lines; HTAB is white space.
_CONTROL = bytes(byte for byte in range(32) if byte != 0x09) + b"\x7f"

_METHODS = {
    name.encode(): name
    for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT")
}
_MINOR = {b"HTTP/1.1": 1, b"HTTP/1.0": 0}

#: Status lines are few: reading one is remembered, up to a bound.
_STATUS_LINES: dict[bytes, tuple[int, int, bytes]] = {}
_STATUS_LINES_AT_MOST = 256
_STATUS_LINE_BYTES_AT_MOST = 128

#: Longest ``Content-Length`` read: 10^15 bytes is more than anyone sends.
_LENGTH_DIGITS = 15


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How large a head may be; more is refused with 414 or 431."""

    request_line: int = 8 * 1024
    header_bytes: int = 64 * 1024
    header_count: int = 100


RESPONSE_LIMITS = HeadLimits(header_bytes=256 * 1024, header_count=500)


def parse_request(  # noqa: C901, PLR0912 - one pass over the lines; calls would cost too much
    data: bytes, end: int, names: NameTable, limits: HeadLimits
) -> RequestHead:
    """Read the request head in ``data[:end]``, where the empty line begins at ``end``.

    Raises ``Rejected`` with 400, 405, 414, 431, 501 or 505.
    """
    lines = _lines(data, end, limits)
    head = _request_line(lines.pop(0), limits)
    keep = head.lines
    fields = special = None
    hosts = 0
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise _bad("a field line has no colon (RFC 9112, 5)")
        kind = names[name]
        if not kind:  # Kind.PLAIN, the most of them
            keep.append(line)
        elif kind == _HOST:
            hosts += 1
            head.host = host = value.strip(b" \t")
            keep.append(b"Host: " + host)
        elif _SPECIAL_FROM <= kind <= _SPECIAL_TO:
            if special is None:
                special = head.special = {}
            _remember(special, kind, value.strip(b" \t"), b", ")
            if kind == _X_FORWARDED_OTHER:
                keep.append(line)
        elif kind == _WATCHED:
            if fields is None:
                fields = head.fields = {}
            lower = name.lower()
            # RFC 6265, 5.4; RFC 9110, 5.3
            separator = b"; " if lower == b"cookie" else b", "
            _remember(fields, lower, value.strip(b" \t"), separator)
            keep.append(line)
        else:
            control = _REQUEST_CONTROLS.get(kind)
            if control is not None:
                control(head, value.strip(b" \t"))
    if (hosts != 1 or not head.host) and (hosts or head.minor):
        raise _bad("exactly one Host field that names a host is needed (RFC 9112, 3.2)")
    if head.chunked and head.content_length >= 0:
        raise _bad("both Content-Length and Transfer-Encoding (RFC 9112, 6.3)")
    if head.connection_options or head.asks_upgrade:
        _apply_connection(head, names)
    return head


def parse_response(data: bytes, end: int, names: NameTable) -> ResponseHead:
    """Read the response head in ``data[:end]``.

    Raises ``Rejected`` for anything ambiguous; to a client that is a 502.
    """
    lines = _lines(data, end, RESPONSE_LIMITS)
    head = _status_line(lines.pop(0))
    keep = head.lines
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise _bad("a field line has no colon (RFC 9112, 5)")
        kind = names[name]
        if not kind:  # Kind.PLAIN, the most of them
            keep.append(line)
        elif kind == _CONTENT_LENGTH:
            if head.content_length >= 0:
                raise _bad("Content-Length occurs twice (RFC 9112, 6.3)")
            head.content_length = length = _length(value.strip(b" \t"))
            keep.append(b"Content-Length: %d" % length)
        elif kind == _DATE:
            head.has_date = True
            keep.append(line)
        else:
            _response_control(head, kind, line, value.strip(b" \t"))
    if head.chunked and head.content_length >= 0:
        raise _bad("both Content-Length and Transfer-Encoding (RFC 9112, 6.3)")
    if head.connection_options:
        head.lines = _without(head.lines, head.connection_options, names)
    return head


def check_incomplete(data: bytes, limits: HeadLimits) -> None:
    """Refuse the beginning of a head as soon as it cannot become a good one.

    Raises ``Rejected`` for lines that end in a bare LF (they would never end a head, and only
    time out) and for heads that are too large already.
    """
    if data.count(b"\n") != data.count(b"\r\n"):
        raise _bad("a line ends without CR LF (RFC 9112, 2.2)")
    first = data.find(b"\r\n")
    if (first if first >= 0 else len(data)) > limits.request_line:
        raise Rejected(414, "uri_too_long", "the request line is too long")
    if len(data) > limits.header_bytes:
        raise Rejected(431, "head_too_large", "the header section is too large")


def _bad(detail: str) -> Rejected:
    return Rejected(400, "bad_request", detail)


def _lines(data: bytes, end: int, limits: HeadLimits) -> list[bytes]:
    head = data[:end]
    lines = head.split(b"\r\n")
    count = len(lines) - 1
    # Every CR and LF must belong to one of the line ends just found; NUL and the rest to none.
    if end - len(head.translate(None, _CONTROL)) != 2 * count:
        raise _bad("a control character in the head (RFC 9110, 5.5)")
    if count > limits.header_count:
        raise Rejected(431, "head_too_large", "too many header fields")
    if end > limits.header_bytes:
        raise Rejected(431, "head_too_large", "the header section is too large")
    return lines


def _request_line(line: bytes, limits: HeadLimits) -> RequestHead:
    if len(line) > limits.request_line:
        raise Rejected(414, "uri_too_long", "the request line is too long")
    try:
        method, target, version = line.split(b" ")
    except ValueError:
        raise _bad("the request line is not 'method target version' (RFC 9112, 3)") from None
    word = _METHODS.get(method)
    if word is None:
        if not is_token(method):
            raise _bad("the method is not a token (RFC 9110, 9.1)")
        word = method.decode("ascii")
    minor = _MINOR.get(version)
    if minor is None:
        raise _version_error(version)
    return RequestHead(word, target, minor)


def _version_error(version: bytes) -> Rejected:
    well_formed = (
        len(version) == 8
        and version[:5] == b"HTTP/"
        and version[5:6].isdigit()
        and version[6:7] == b"."
        and version[7:].isdigit()
    )
    if well_formed:
        return Rejected(505, "version_not_supported", "only HTTP/1.1 and HTTP/1.0 are spoken here")
    return _bad("the version is not 'HTTP/digit.digit' (RFC 9112, 2.3)")


def _status_line(line: bytes) -> ResponseHead:
    known = _STATUS_LINES.get(line)
    if known is None:
        known = _read_status_line(line)
        if len(_STATUS_LINES) < _STATUS_LINES_AT_MOST and len(line) <= _STATUS_LINE_BYTES_AT_MOST:
            _STATUS_LINES[line] = known
    status, minor, written = known
    return ResponseHead(status, written, minor)


def _read_status_line(line: bytes) -> tuple[int, int, bytes]:
    # "HTTP/1.1 200" without the space before an empty reason is common enough to be read.
    minor = _MINOR.get(line[:8])
    code = line[9:12]
    if (
        minor is None
        or line[8:9] != b" "
        or len(code) != 3
        or not code.isdigit()
        or line[12:13] not in (b" ", b"")
    ):
        raise _bad("the status line is malformed (RFC 9112, 4)")
    status = int(code)
    if status < 100 or status > 599:
        raise _bad("the status code is outside 100 to 599 (RFC 9110, 15)")
    return status, minor, b"HTTP/1.1 %d %b" % (status, line[13:])


def _remember(values: dict[KeyT, bytes], name: KeyT, value: bytes, separator: bytes) -> None:
    known = values.get(name)
    values[name] = value if known is None else known + separator + value


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > _LENGTH_DIGITS:
        raise _bad("Content-Length is not a number (RFC 9110, 8.6)")
    return int(value)


def _request_length(head: RequestHead, value: bytes) -> None:
    if head.content_length >= 0:
        raise _bad("Content-Length occurs twice (RFC 9112, 6.3)")
    head.content_length = _length(value)
    head.lines.append(b"Content-Length: %d" % head.content_length)


def _request_coding(head: RequestHead, value: bytes) -> None:
    if not head.minor:
        raise _bad("Transfer-Encoding in HTTP/1.0 (RFC 9112, 6.1)")
    if head.chunked:
        raise _bad("Transfer-Encoding occurs twice (RFC 9112, 6.1)")
    if value.lower() != b"chunked":
        raise Rejected(501, "not_implemented", "the only transfer coding known is chunked")
    head.chunked = True
    head.lines.append(b"Transfer-Encoding: chunked")


def _request_expectation(head: RequestHead, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise Rejected(417, "expectation_failed", "the only expectation met is 100-continue")
    # HTTP/1.0 clients do not know interim responses (RFC 9110, 10.1.1).
    head.expects_continue = head.minor == 1


def _request_upgrade(head: RequestHead, value: bytes) -> None:
    head.asks_upgrade = head.asks_upgrade + b", " + value if head.asks_upgrade else value


def _request_te(head: RequestHead, value: bytes) -> None:
    head.takes_trailers = b"trailers" in value.lower()


def _response_control(head: ResponseHead, kind: int, line: bytes, value: bytes) -> None:
    if kind == _CONNECTION:
        _connection(head, value)
    elif kind == _TRANSFER_ENCODING:
        if head.chunked or not head.minor or value.lower() != b"chunked":
            raise _bad("Transfer-Encoding other than a single chunked (RFC 9112, 6.1)")
        head.chunked = True
    elif kind == _UPGRADE:
        head.asks_upgrade = value
    elif kind == _X_SIDECAR_TRACE:
        head.kept = head.kept or value == KEPT
    elif kind == _KEEP_ALIVE:
        _, _, seconds = value.lower().partition(b"timeout=")
        digits = seconds.split(b",")[0].strip()
        head.keep_alive_seconds = int(digits) if digits.isdigit() and len(digits) < 7 else 0
    elif kind == _WATCHED:
        if head.fields is NO_FIELDS:
            head.fields = {}
        _remember(head.fields, line.partition(b":")[0].lower(), value, b", ")
        head.lines.append(line)


def _connection(head: RequestHead | ResponseHead, value: bytes) -> None:
    options = value.lower()
    if options == b"close" and head.minor:
        head.keep_alive = False
    elif options == b"keep-alive" and head.minor:
        return  # it persists anyway, unless another line says close
    else:
        words = [word for word in (part.strip(b" \t") for part in options.split(b",")) if word]
        if not all(map(is_token, words)):
            raise _bad("Connection lists something that is no name (RFC 9110, 7.6.1)")
        # Whatever else is listed, close is the last word (RFC 9112, 9.3).
        closes = b"close" in words or b"close" in head.connection_options
        asks = not head.minor and b"keep-alive" in words
        head.keep_alive = not closes and (head.keep_alive or asks)
        head.connection_options += tuple(word for word in words if word != b"keep-alive")


def _apply_connection(head: RequestHead, names: NameTable) -> None:
    """Honour ``Connection``: drop what it names, keep an upgrade that it names."""
    options = head.connection_options
    if b"upgrade" not in options or not head.minor or head.has_body:
        # With content, peers disagree whether it comes before the switch or after it.
        head.asks_upgrade = b""
    elif b"h2c" in head.asks_upgrade.lower():
        # HTTP/2 inside the tunnel would reach the upstream past every rule.
        head.asks_upgrade = b""
    head.lines = _without(head.lines, options, names)
    for option in options:
        if option not in names.kept:
            head.fields.pop(option, None)


def _without(lines: list[bytes], options: tuple[bytes, ...], names: NameTable) -> list[bytes]:
    removed = frozenset(options) - names.kept
    if not removed:
        return lines
    return [line for line in lines if line[: line.find(b":")].lower() not in removed]


#: Fields that say how a request is framed and what its connection is for; fields of any other
#: kind go no further.
_REQUEST_CONTROLS: dict[int, Callable[[RequestHead, bytes], None]] = {
    _CONTENT_LENGTH: _request_length,
    _TRANSFER_ENCODING: _request_coding,
    _CONNECTION: _connection,
    _EXPECT: _request_expectation,
    _UPGRADE: _request_upgrade,
    _TE: _request_te,
}
