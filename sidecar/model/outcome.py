"""How an exchange ended, whose fault it was, and whether it may be tried again.

``classify`` is the only place that says what counts as a failure; breakers, retries, fallbacks,
metrics and logs all use its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from sidecar.model.http import NO_FIELDS


class Source(Enum):
    """Whose fault a failure is."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    SIDECAR = "sidecar"


class Retry(Enum):
    """Whether an attempt may be repeated."""

    NEVER = "never"
    #: Not one byte of the request can have been acted on.
    ALWAYS = "always"
    #: The connection was a kept-alive one that the upstream may have closed meanwhile:
    #: only what is idempotent may be sent again (RFC 9110, 9.2.2).
    IF_IDEMPOTENT = "if_idempotent"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt or an exchange failed; ``reason`` is a word of the catalogue."""

    source: Source
    reason: str
    status: int
    retry: Retry = Retry.NEVER


CONNECT_FAILURE = Failure(Source.UPSTREAM, "connect_failure", 502, Retry.ALWAYS)
CONNECT_TIMEOUT = Failure(Source.UPSTREAM, "connect_timeout", 504, Retry.ALWAYS)
TLS_FAILURE = Failure(Source.UPSTREAM, "upstream_tls_failure", 502, Retry.ALWAYS)
STALE_CONNECTION = Failure(Source.UPSTREAM, "stale_connection", 502, Retry.IF_IDEMPOTENT)
UPSTREAM_RESET = Failure(Source.UPSTREAM, "upstream_reset", 502)
UPSTREAM_BAD_RESPONSE = Failure(Source.UPSTREAM, "upstream_bad_response", 502)
UPSTREAM_TRUNCATED = Failure(Source.UPSTREAM, "upstream_truncated", 502)
PER_TRY_TIMEOUT = Failure(Source.UPSTREAM, "per_try_timeout", 504)
REQUEST_TIMEOUT = Failure(Source.UPSTREAM, "request_timeout", 504)
#: Its time passed while it waited for a rule: the upstream was not asked.
TURN_TIMEOUT = Failure(Source.SIDECAR, "turn_timeout", 504)
IDLE_TIMEOUT = Failure(Source.UPSTREAM, "idle_timeout", 504)
POOL_OVERFLOW = Failure(Source.SIDECAR, "pool_overflow", 503)
NO_ENDPOINT = Failure(Source.UPSTREAM, "no_endpoint", 503)
UPSTREAM_ERROR = Failure(Source.UPSTREAM, "upstream_error", 502)
DEADLINE_EXCEEDED = Failure(Source.DOWNSTREAM, "deadline_exceeded", 504)
CLIENT_GONE = Failure(Source.DOWNSTREAM, "client_gone", 499)
CLIENT_STALLED = Failure(Source.DOWNSTREAM, "client_stalled", 408)
DRAIN_EXPIRED = Failure(Source.SIDECAR, "drain_expired", 503)
INTERNAL_ERROR = Failure(Source.SIDECAR, "internal_error", 500)


def _no_fields() -> Mapping[bytes, bytes]:
    return NO_FIELDS


class OutcomeClass(Enum):
    """What an outcome says about the upstream."""

    SUCCESS = "success"
    FAILURE = "failure"
    #: Says nothing about it: our own refusals, clients that went away, 4xx.
    IGNORED = "ignored"


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The end of an exchange, as told to every gate that gave a ticket; made by ``classify``."""

    # One is made for each request: a struct is ten times quicker made than a frozen dataclass.

    verdict: OutcomeClass
    #: The status sent downstream; 0 when none was.
    status: int
    #: From the head received to the last byte sent, in seconds.
    seconds: float
    #: Why the upstream gave no whole answer, or why nobody wanted it any more.
    failure: Failure | None
    #: The status of the upstream's last answer; 0 when it gave none. A fallback's is ``status``.
    upstream_status: int = 0
    #: From sending the last attempt to its answer's head; None when there was no answer.
    upstream_seconds: float | None = None
    #: Fields of the upstream's answer that a rule refers to, by lower-case name.
    fields: Mapping[bytes, bytes] = msgspec.field(default_factory=_no_fields)


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What the upstream's last answer was like; nothing of it when there was none."""

    status: int = 0
    #: From sending the attempt to its answer's head.
    seconds: float | None = None
    fields: Mapping[bytes, bytes] = msgspec.field(default_factory=_no_fields)


NOTHING_HEARD: Final = Heard()


def classify(
    status: int,
    seconds: float,
    failure: Failure | None,
    *,
    local: bool,
    heard: Heard = NOTHING_HEARD,
) -> Outcome:
    """Say what an exchange tells about its upstream.

    ``local`` marks a response that the sidecar made without asking the upstream. Where the
    client was given a fallback's answer, what was ``heard`` of the upstream counts.
    """
    answered = heard.status or status
    if failure is not None:
        blame = failure.source is Source.UPSTREAM
        verdict = OutcomeClass.FAILURE if blame else OutcomeClass.IGNORED
    elif local or 400 <= answered < 500:
        verdict = OutcomeClass.IGNORED
    elif answered >= 500:
        verdict = OutcomeClass.FAILURE
    else:
        verdict = OutcomeClass.SUCCESS
    return Outcome(verdict, status, seconds, failure, heard.status, heard.seconds, heard.fields)
