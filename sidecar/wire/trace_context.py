"""The trace a request belongs to, as other services wrote it down (W3C Trace Context)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from sidecar.wire.names import Kind

_LOWER_HEX = b"0123456789abcdef"
_DASH = ord("-")
_NO_TRACE = b"0" * 32
_NO_PARENT = b"0" * 16

#: What sidecars say to each other in ``x-sidecar-trace``. A service that answers with what it was
#: sent says nothing: the question is not the answer.
TELL = b"tell"
KEPT = b"kept"

#: Sampled (level 1) and random-trace-id (level 2); what other bits mean nobody knows yet.
_KNOWN_FLAGS = 0x03
SAMPLED = 0x01
RANDOM = 0x02
#: Not in the field: who was asked before has left it open whether the trace is sampled.
UNDECIDED = 0x200
#: Nor is this: somebody wants to see this one request, whatever the sampling says (B3's ``d``).
DEBUG = 0x100

_STATE_MEMBERS_AT_MOST = 32
#: At least 512 must be passed on (3.3.1.5); more than this no vendor needs.
_STATE_BYTES_AT_MOST = 4096
_KEY = b"abcdefghijklmnopqrstuvwxyz0123456789_-*/@"
_KEY_BYTES_AT_MOST = 256
_VALUE = bytes(byte for byte in range(0x20, 0x7F) if byte not in b",=")
_VALUE_BYTES_AT_MOST = 256

_REQUEST_ID = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-./:=@^_`|~"
_REQUEST_ID_BYTES_AT_MOST = 128

Trace = tuple[bytes, bytes, int]
#: The same, and what goes with it as ``tracestate``.
Found = tuple[bytes, bytes, int, bytes]

_TRACEPARENT = int(Kind.TRACEPARENT)
_TRACESTATE = int(Kind.TRACESTATE)


def find_traceparent(special: Mapping[int, bytes]) -> Found | None:
    """What a request says in W3C's fields; None when it says nothing that can be read.

    A state belongs to its ``traceparent``: without one it goes no further (3.3).
    """
    value = special.get(_TRACEPARENT)
    trace = parse_traceparent(value) if value is not None else None
    if trace is None:
        return None
    state = special.get(_TRACESTATE)
    return *trace, b"" if state is None else passable_tracestate(state)


def parse_traceparent(value: bytes) -> Trace | None:
    """Trace id, parent id and flags, or None when a new trace must be started (3.2).

    Both ids are lower-case hexadecimal, of 32 and 16 digits, and not all zeros. Flags hold the
    known bits only. Later versions than 00 are read as far as they are known to go (4.3).
    """
    head = value[:55]
    # What is left without the digits: the dashes and whatever is not allowed.
    if head.translate(None, _LOWER_HEX) != b"---" or len(head) != 55:
        return None
    if not head[2] == head[35] == head[52] == _DASH:
        return None
    if head[:2] != b"00" or len(value) > 55:
        later = head[:2] not in (b"00", b"ff") and value[55:56] in (b"", b"-")
        if not later:
            return None
    trace_id, parent_id = head[3:35], head[36:52]
    if trace_id == _NO_TRACE or parent_id == _NO_PARENT:
        return None
    return trace_id, parent_id, int(head[53:], 16) & _KNOWN_FLAGS


def write_traceparent(trace_id: bytes, span_id: bytes, flags: int) -> bytes:
    """The field's value in version 00, with ``span_id`` as the parent of what comes next."""
    return b"00-%b-%b-%02x" % (trace_id, span_id, flags)


def passable_tracestate(value: bytes) -> bytes:
    """What of ``value`` is passed on: all of it, verbatim, or nothing where a part is malformed.

    Of more than 32 members the last ones, which are the oldest, are left out (3.3.1.1). Well-formed
    members have different keys, and are in at most 4096 bytes. To be asked only beside a valid
    ``traceparent``, without which the state means nothing.
    """
    if len(value) > _STATE_BYTES_AT_MOST:
        return b""
    members: dict[bytes, bytes] = {}
    for listed in value.split(b","):
        member = listed.strip(b" \t")
        if not member:
            continue  # empty members are allowed (3.3.1.1)
        key, _, text = member.partition(b"=")
        if not _is_key(key) or not _is_value(text) or key in members:
            return b""
        members[key] = member
    if len(members) <= _STATE_MEMBERS_AT_MOST:
        return value if members else b""
    return b",".join(islice(members.values(), _STATE_MEMBERS_AT_MOST))


def valid_request_id(value: bytes) -> bool:
    """Whether a request id from elsewhere may go into logs and on to the service.

    1 to 128 visible ASCII characters that need quoting nowhere.
    """
    return 0 < len(value) <= _REQUEST_ID_BYTES_AT_MOST and not value.translate(None, _REQUEST_ID)


def _is_key(key: bytes) -> bool:
    return (
        0 < len(key) <= _KEY_BYTES_AT_MOST
        and not key.translate(None, _KEY)
        and key[0] not in b"_-*/@"
    )


def _is_value(text: bytes) -> bool:
    return 0 < len(text) <= _VALUE_BYTES_AT_MOST and not text.translate(None, _VALUE)
