"""The traces that running sidecars have in memory, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from sidecar.admin.traced import SpanAnswer, SpeakerAnswer, TraceAnswer, TraceList, TraceSummary
from sidecar.commands.reaching import Declined, Running, Unreachable
from sidecar.traces.trace import (
    NAMED_AT_MOST,
    Operation,
    StoredEvent,
    StoredSpan,
    Trace,
    Wanted,
    fits,
)

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MICRO: Final = timedelta(microseconds=1)
#: Nanoseconds that a time and a length may be off.
_ROUNDED: Final = 2_000
_LISTED: Final = 500
#: The spans of a trace hardly begin further apart, whoever served them.
_APART: Final = timedelta(minutes=1)
_AnswerT = TypeVar("_AnswerT")


class RememberedStore:
    """Asks each of them: every one knows the spans of its own only. Raises ``Unreachable``."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._running = running

    def services(self) -> list[str]:
        """Whoever has a trace in memory, sorted."""
        return sorted({one.service for answer in self.lists() for one in answer.traces})

    def operations(self, service: str) -> list[Operation]:
        """What the first spans of a service are called, sorted."""
        found = (one for answer in self.lists() for one in answer.traces)
        return sorted({Operation(one.name, one.kind) for one in found if one.service == service})

    def search(self, wanted: Wanted) -> list[Trace]:
        """The latest of the traces that are wanted."""
        found = []
        for trace_id in self._latest_ids(wanted):
            trace = self.trace(trace_id)
            if trace is not None and any(fits(span, wanted) for span in trace.spans):
                found.append(trace)
                if len(found) == wanted.limit:
                    break
        return found

    def trace(self, trace_id: str) -> Trace | None:
        """One trace, as far as it is remembered."""
        answers = self._asked(f"/v1/traces/{trace_id}", TraceAnswer)
        spans = [stored(span, one.speaker) for one in answers for span in one.spans]
        return Trace(trace_id, spans) if spans else None

    def named(self, beginning: str) -> list[str]:
        """The ids of traces that begin so, or have a span whose id does."""
        answers = self._asked("/v1/traces", TraceList, id=beginning, limit=str(NAMED_AT_MOST))
        return [*dict.fromkeys(one.id for answer in answers for one in answer.traces)]

    def lists(self, **query: str) -> list[TraceList]:
        """What each of them remembers, the latest first."""
        return [*self._asked("/v1/traces", TraceList, **{"limit": str(_LISTED), **query})]

    def _latest_ids(self, wanted: Wanted) -> list[str]:
        # Whoever is asked for one trace, all are: only for what may be meant.
        answers = self.lists()
        unknown = _listed_from(answers, wanted.service) + _APART
        found = [
            one
            for answer in answers
            for one in answer.traces
            if one.start < unknown or _may_fit(one, wanted)
        ]
        found.sort(key=lambda one: one.start, reverse=True)
        return [*dict.fromkeys(one.id for one in found)]

    def _asked(self, path: str, kind: type[_AnswerT], **query: str) -> Iterator[_AnswerT]:
        for running in self._running:
            try:
                yield running.ask(path, kind, **query)
            except Declined as error:
                # It does not remember the trace, or is so old that it remembers none.
                if error.problem.status != 404:
                    raise
            except Unreachable:
                # One of several has ended since it was found: the others know what they know.
                if len(self._running) == 1:
                    raise


def _listed_from(answers: Sequence[TraceList], service: str) -> datetime:
    """Since when every list of a service is whole; of any when it is empty.

    One that is full leaves out what its sidecar knows before.
    """
    oldest = [one.traces[-1] for one in answers if len(one.traces) >= _LISTED]
    return max((one.start for one in oldest if service in {"", one.service}), default=_EPOCH)


def _may_fit(summary: TraceSummary, wanted: Wanted) -> bool:
    """Whether one of the spans of which this tells may be what is searched for.

    They begin and end within it, and are all of its service. Its times are rounded.
    """
    start, length = _nanoseconds(summary.start), round(summary.seconds * 1e9)
    return (
        wanted.service in {"", summary.service}
        and start - _ROUNDED <= wanted.end
        and start + length + _ROUNDED >= wanted.start
        and length + _ROUNDED >= wanted.shortest
    )


def stored(span: SpanAnswer, speaker: SpeakerAnswer) -> StoredSpan:
    """A span as a sidecar told it."""
    start = _nanoseconds(span.start)
    return StoredSpan(
        trace_id=span.trace_id,
        span_id=span.id,
        parent_id=span.parent_id,
        name=span.name,
        kind=span.kind,
        start=start,
        end=start + round(span.seconds * 1e9),
        status=span.status,
        attributes=span.attributes,
        resource={"service.name": speaker.service, **speaker.attributes},
        scope=speaker.scope,
        scope_version=speaker.version,
        events=tuple(
            StoredEvent(_nanoseconds(one.time), one.name, one.attributes) for one in span.events
        ),
    )


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICRO * 1000
