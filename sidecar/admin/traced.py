"""The shapes of traces, as one sidecar saw them."""

from __future__ import annotations

from datetime import datetime

from sidecar.admin.answers import Answer


class TraceSummary(Answer):
    """A trace by the first of its spans here."""

    id: str
    #: That span's name, kind and id; the latter is its decision's.
    name: str
    kind: str
    decision: str
    service: str
    start: datetime
    #: From the beginning of its first span here to the end of its last.
    seconds: float
    #: The status that was answered, 0 when none was.
    status: int
    #: ``ok``, ``error``, or empty.
    result: str
    #: Why it is kept: ``sampled``, ``error``, ``refused`` ...; empty when it goes nowhere.
    kept: str
    spans: int


class TraceList(Answer):
    """Traces, the latest first."""

    traces: list[TraceSummary]


class SpanEventAnswer(Answer):
    """Something that happened within a span."""

    time: datetime
    name: str
    attributes: dict[str, str | bool | int | float | list[str]]


class SpanAnswer(Answer):
    """One span."""

    id: str
    trace_id: str
    #: Empty at a trace's root.
    parent_id: str
    name: str
    #: ``server``, ``client`` or ``internal``.
    kind: str
    start: datetime
    seconds: float
    #: ``ok``, ``error``, or empty.
    status: str
    attributes: dict[str, str | bool | int | float | list[str]]
    events: list[SpanEventAnswer]


class SpeakerAnswer(Answer):
    """Who saw them: the service that the sidecar is beside."""

    service: str
    scope: str
    version: str
    attributes: dict[str, str]


class TraceAnswer(Answer):
    """The spans of a trace that this sidecar saw; those of others are not here."""

    id: str
    speaker: SpeakerAnswer
    spans: list[SpanAnswer]
