"""One record per request, and the bounded ring in which records wait to be told about.

The data path builds a record and appends it; spans, logs and exemplars are made from it later.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import msgspec

from sidecar.model.policy import Notice
from sidecar.model.priority import MEDIUM
from sidecar.telemetry.evidence import Evidence, Finding


class Try(msgspec.Struct, gc=False, frozen=True):
    """One time that an endpoint was asked, or was to be. Fields are given by position."""

    #: The span of its own, which the endpoint was told as its parent.
    span_id: bytes
    #: Monotonic seconds when it began and when it was over.
    asked: float
    ended: float
    upstream: str
    endpoint: str
    #: What the endpoint answered, 0 when it did not.
    status: int
    #: A word of ``telemetry.reasons`` when there was no whole answer.
    reason: str
    scheme: str = "http"


class Noticed(msgspec.Struct, gc=False, frozen=True):
    """Something that a rule had to tell while it dealt with one request: a breaker has opened."""

    #: Monotonic seconds.
    at: float
    notice: Notice


class Keep(StrEnum):
    """Why a trace is kept."""

    SAMPLED = "sampled"
    ERROR = "error"
    REFUSED = "refused"
    DEGRADED = "degraded"
    SLOW = "slow"
    #: Something below it is kept.
    BELOW = "below"
    #: Nothing keeps it.
    NOT = ""


class ExchangeRecord(msgspec.Struct, gc=False):
    """What is known of one exchange when it has ended. Fields are given by position."""

    #: Monotonic seconds when the request's head was complete.
    started: float
    #: From ``started`` to the last byte of the answer.
    seconds: float
    #: What the sidecar itself added to ``seconds``.
    overhead_seconds: float
    listener: str
    #: As received, also when it is not a method anybody knows.
    method: str
    host: bytes
    #: The request target exactly as received, its query not yet redacted.
    target: bytes
    #: The route's name in the rule file, ``other`` when none matched.
    route: str
    #: The status sent downstream, 0 when none was.
    status: int
    #: A word of ``telemetry.reasons``; empty when the upstream's answer was passed on whole.
    reason: str
    #: ``kind/name`` of the rule that refused; empty when none did.
    rule: str
    #: The client's address as text, ``unix`` on a Unix socket.
    client: bytes
    #: Body bytes from the client and to it.
    bytes_received: int
    bytes_sent: int
    upstream: str
    endpoint: str
    #: How many times the upstream was asked; 0 when the sidecar answered by itself.
    attempts: int
    #: Lower-case hexadecimal as in ``traceparent``; ``parent_id`` is empty at a trace's root.
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    sampled: bool
    #: ``kind/name`` of each shadow rule that would have refused.
    shadow: tuple[str, ...]
    #: The version of the rule set that decided.
    version: str
    #: What the rules knew; None for a request that they let pass without a word.
    evidence: Evidence | None = None
    #: ``kind/name`` of the fallback that answered; ``reason`` says for what.
    fallback: str = ""
    scheme: str = "http"
    #: ``model.priority``.
    priority: int = MEDIUM
    #: Every time that an endpoint was asked, in order.
    tries: tuple[Try, ...] = ()
    #: What rules had to tell in its course.
    noticed: tuple[Noticed, ...] = ()
    #: Why its spans are kept; ``Keep.NOT`` when they are not.
    kept: Keep = Keep.NOT
    #: ``tracestate`` as it was passed on.
    trace_state: bytes = b""
    #: The fallback that answered, with the step that did.
    applied: Finding | None = None
    #: The client spoke HTTP/1 and this.
    minor: int = 1


class RecordRing:
    """Records on their way from the data path to the pipeline; never more than ``capacity``.

    When it is full the oldest record makes room, and ``dropped`` counts it.
    """

    __slots__ = ("_records", "capacity", "dropped")

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            message = f"a ring holds at least one record, not {capacity}"
            raise ValueError(message)
        self.capacity = capacity
        self.dropped = 0
        self._records: deque[ExchangeRecord] = deque(maxlen=capacity)

    def __len__(self) -> int:
        return len(self._records)

    def append(self, record: ExchangeRecord) -> None:
        """Put a record in; the oldest is lost, and counted, when there is no room."""
        records = self._records
        if len(records) == self.capacity:
            self.dropped += 1
        records.append(record)

    def drain(self, at_most: int) -> list[ExchangeRecord]:
        """Take out up to ``at_most`` records, oldest first."""
        records = self._records
        return [records.popleft() for _ in range(min(at_most, len(records)))]
