"""The last requests, to be found by their id, and those to come, for whoever listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec

from sidecar.telemetry.record import ExchangeRecord

#: Requests that a rule had something to say about, or that failed.
KEPT: Final = 2000
#: Others whose trace is kept: it is likely to be looked for.
TRACED: Final = 1000
#: Requests that simply passed.
RECENT: Final = 4000
#: Longer targets are cut: what is remembered must be bounded.
_TARGET_BYTES: Final = 512
#: Records that wait for a listener who is slow.
QUEUED: Final = 1000
#: No more than so many wait to be listened to at the same time.
LISTENERS_AT_MOST: Final = 16

Wanted = Callable[[ExchangeRecord], bool]


class Listener:
    """Somebody who follows the decisions, and loses those that he is too slow for."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.lost = 0
        self._queue: deque[ExchangeRecord] = deque(maxlen=QUEUED)
        self._woken = asyncio.Event()

    def put(self, record: ExchangeRecord) -> None:
        """There is one more; the oldest that waits makes room."""
        if len(self._queue) == QUEUED:
            self.lost += 1
        self._queue.append(record)
        self._woken.set()

    async def take(self, timeout_seconds: float) -> tuple[list[ExchangeRecord], int]:
        """What has come, and how many were lost; nothing when nothing came in time."""
        try:
            await asyncio.wait_for(self._woken.wait(), timeout_seconds)
        except TimeoutError:
            return [], 0
        self._woken.clear()
        records = list(self._queue)
        self._queue.clear()
        lost, self.lost = self.lost, 0
        return records, lost


class Decisions:
    """What the record pump feeds."""

    def __init__(self) -> None:
        self._kept: deque[ExchangeRecord] = deque(maxlen=KEPT)
        self._traced: deque[ExchangeRecord] = deque(maxlen=TRACED)
        self._recent: deque[ExchangeRecord] = deque(maxlen=RECENT)
        self._listeners: list[Listener] = []
        #: Has what was decided a moment ago told here too; set by whoever carries records.
        self.catch_up: Callable[[], object] = bool

    def feed(self, records: Sequence[ExchangeRecord]) -> None:
        """Remember these requests. Never raises, never blocks."""
        for record in records:
            shown = record if len(record.target) <= _TARGET_BYTES else _cut(record)
            if is_notable(shown):
                self._kept.append(shown)
            elif shown.kept:
                self._traced.append(shown)
            else:
                self._recent.append(shown)
            for listener in self._listeners:
                if listener.wanted(shown):
                    listener.put(shown)

    def find(self, decision: bytes) -> ExchangeRecord | None:
        """The latest request whose id begins so, if it is remembered."""
        self.catch_up()
        return next((one for one in self._every() if one.span_id.startswith(decision)), None)

    def last(self, wanted: Wanted, count: int, *, also_admitted: bool) -> list[ExchangeRecord]:
        """The latest of those that are wanted, the last one first."""
        self.catch_up()
        source: Iterable[ExchangeRecord] = self._every() if also_admitted else reversed(self._kept)
        found = [one for one in source if wanted(one)]
        if also_admitted:
            found.sort(key=lambda one: one.started, reverse=True)
        return found[:count]

    def remembered(self) -> Iterator[ExchangeRecord]:
        """Every request that is remembered: first the notable ones, each the last one first."""
        self.catch_up()
        return self._every()

    def listen(self, wanted: Wanted) -> Listener | None:
        """Follow what is wanted from now on, until ``leave``; None when too many do."""
        if len(self._listeners) >= LISTENERS_AT_MOST:
            return None
        listener = Listener(wanted)
        self._listeners.append(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Follow no more."""
        self._listeners.remove(listener)

    def _every(self) -> Iterator[ExchangeRecord]:
        return chain(reversed(self._kept), reversed(self._traced), reversed(self._recent))


def is_notable(record: ExchangeRecord) -> bool:
    """Whether there is more to say of it than that it passed."""
    return record.evidence is not None or bool(record.reason) or record.status >= 500


def _cut(record: ExchangeRecord) -> ExchangeRecord:
    return msgspec.structs.replace(record, target=record.target[:_TARGET_BYTES] + b"...")
