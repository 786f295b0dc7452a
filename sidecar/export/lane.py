"""The way of items to one backend: a line in memory, a spool beside it, one load at a time.

Nothing here waits or reads a clock. A load from memory that fails goes to the disk, where there
is one, and so does all that comes while the backend is down or slow: what a killed exporter loses
is a second's worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Final

import msgspec

from sidecar.export.back_off import BackOff
from sidecar.export.backend import Delivery
from sidecar.export.backlog import Backlog, held_bytes
from sidecar.export.frames import BackendReport
from sidecar.export.item import Item, Signal
from sidecar.export.ledger import Ledger
from sidecar.export.spool import Reading, Spool

MOST_ITEMS: Final = 1000
MOST_BYTES: Final = 5 * 1024 * 1024
#: An item that comes alone waits so long for others.
AGE_SECONDS: Final = 1.0
#: A delivery that takes longer is slow: what comes meanwhile goes to the disk.
SLOW_SECONDS: Final = 5.0
#: So long a disk that has failed is not written to.
DISK_PAUSE_SECONDS: Final = 1.0

_NOWHERE: Final = "queue_full"


class _Load(msgspec.Struct):
    """What is on its way."""

    #: Pieces to be delivered one after another, the next one last.
    pieces: list[list[Item]]
    since: float
    #: Where it stands on the disk; None when it is in memory alone.
    reading: Reading | None
    #: What it cost to hold it when it began.
    weight: int

    def items(self) -> list[Item]:
        """All that is not delivered, in order."""
        return [item for piece in reversed(self.pieces) for item in piece]


class Lane:
    """Not to be called by two threads at a time."""

    def __init__(
        self,
        name: str,
        memory_bytes: int,
        back_off: BackOff,
        ledger: Ledger,
        spool: Spool | None = None,
    ) -> None:
        self.name = name
        self._memory_bytes = memory_bytes
        self._load_bytes = min(MOST_BYTES, memory_bytes // 3)
        self._backlog = Backlog(memory_bytes)
        self._back_off = back_off
        self._ledger = ledger
        self._spool = spool
        self._load: _Load | None = None
        self._delivering_since = inf
        self._not_before = -inf
        self._disk_not_before = -inf
        self._from_memory = False
        self._hurries = False
        #: What was wrong the last time, for people; empty when all is well.
        self.error = ""
        self.is_up = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, on disk either."""
        return self._load is None and not self._backlog and not self._has_spooled

    @property
    def is_done(self) -> bool:
        """Whether nothing is worth waiting for at the end: all is delivered, or the disk has it."""
        return self.is_empty or (self._spool is not None and not self.is_up)

    @property
    def _has_spooled(self) -> bool:
        return self._spool is not None and not self._spool.is_empty

    # --- what comes

    def offer(self, items: Sequence[Item], now: float) -> None:
        """Take these in; what is too much is counted as lost."""
        self._backlog.put(items, now)
        if not self.is_up or now > self._delivering_since + SLOW_SECONDS:
            self._spill(now)
        self._shed(now)

    def _spill(self, now: float) -> None:
        """Bring what waits in memory to the disk, where there is one."""
        if self._spool is None or now < self._disk_not_before or not self._backlog:
            return
        since = now - self._backlog.oldest(now)
        items = self._backlog.take(len(self._backlog), self._backlog.bytes)
        left = items[self._to_disk(items, now) :]
        self._backlog.put_first(left, since)

    def _to_disk(self, items: Sequence[Item], now: float) -> int:
        """Write these; how many of them are there now, from the first on."""
        if self._spool is None or now < self._disk_not_before:
            return 0
        done = self._spool.put(items)
        if done < len(items):
            self._disk_not_before = now + DISK_PAUSE_SECONDS
        return done

    def _shed(self, now: float) -> None:
        """Let memory hold no more than it may: the oldest go to the disk, or are lost."""
        over = self._backlog.excess(self._load.weight if self._load is not None else 0)
        if over:
            left = over[self._to_disk(over, now) :]
            self._ledger.all_dropped(left, self._trouble)

    @property
    def _trouble(self) -> str:
        """Why there is no room."""
        return (self._spool.trouble if self._spool is not None else "") or _NOWHERE

    # --- what goes

    def hurry(self) -> None:
        """From now on nothing waits for others."""
        self._hurries = True

    def next_piece(self, now: float) -> list[Item] | None:
        """What is to be delivered now; ``settle`` has to follow."""
        if now < self._not_before:
            return None
        if self._load is None:
            self._load = self._next_load(now)
        if self._load is None:
            return None
        self._delivering_since = now
        return self._load.pieces[-1]

    def wait_seconds(self, now: float) -> float:
        """How long there is nothing to deliver; infinite when nothing waits."""
        if self.is_empty:
            return inf
        pause = max(self._not_before - now, 0.0)
        if self._load is not None or self._has_spooled or self._is_due(now):
            return pause
        return max(pause, AGE_SECONDS - self._backlog.oldest(now))

    def _is_due(self, now: float) -> bool:
        """Whether what waits in memory need not wait any longer."""
        backlog = self._backlog
        is_enough = len(backlog) >= MOST_ITEMS or backlog.bytes >= self._load_bytes
        return bool(backlog) and (is_enough or self._hurries or backlog.oldest(now) >= AGE_SECONDS)

    def _next_load(self, now: float) -> _Load | None:
        """From the disk and from memory in turn, so that the new does not wait for the old."""
        is_due = self._is_due(now)
        if self._spool is not None and not (is_due and self._from_memory):
            reading = self._spool.read(MOST_ITEMS, self._load_bytes)
            if reading is not None:
                self._from_memory = True
                return _Load([reading.items], now, reading, held_bytes(reading.items))
        if not is_due:
            return None
        self._from_memory = False
        since = now - self._backlog.oldest(now)
        items = self._backlog.take(MOST_ITEMS, self._load_bytes)
        return _Load([items], since, None, held_bytes(items))

    # --- what became of it

    def settle(self, delivery: Delivery, now: float) -> None:
        """The piece that was to be delivered has come to this."""
        load = self._load
        if load is None:
            # It was put away meanwhile.
            return
        has_failed = bool(delivery.again) or bool(delivery.error)
        self._ledger.requested(now - self._delivering_since, failed=has_failed)
        self._delivering_since = inf
        piece = load.pieces.pop()
        if delivery.split:
            self._split(load, piece, delivery.split)
        else:
            again = self._judge(piece, delivery)
            self._note(delivery, is_up=len(again) < len(piece), now=now)
            self._keep(load, again, now, is_whole=len(again) == len(piece))
        if self._load is not None and not load.pieces:
            self._finish(load)
        if not self.is_up:
            self._spill(now)
        self._shed(now)

    def _split(self, load: _Load, piece: list[Item], reason: str) -> None:
        """Find out which part of it is wrong."""
        if len(piece) == 1:
            self._ledger.all_dropped(piece, reason)
            return
        middle = len(piece) // 2
        load.pieces += [piece[middle:], piece[:middle]]

    def _judge(self, piece: list[Item], delivery: Delivery) -> list[Item]:
        """Count what has come to its end; the others are to be tried again."""
        again = {*delivery.again}
        for place, reason in delivery.refused.items():
            self._ledger.dropped(piece[place].signal, reason)
        rest = again | delivery.refused.keys()
        self._ledger.taken(item for place, item in enumerate(piece) if place not in rest)
        return [item for place, item in enumerate(piece) if place in again]

    def _note(self, delivery: Delivery, *, is_up: bool, now: float) -> None:
        self.is_up = is_up
        self.error = delivery.error
        if delivery.again:
            self._not_before = now + self._back_off.failed(delivery.retry_after)
        else:
            self._back_off.worked()
            self._not_before = now + delivery.retry_after if delivery.retry_after else -inf

    def _keep(self, load: _Load, again: list[Item], now: float, *, is_whole: bool) -> None:
        """Have what is to be tried again in safety, behind the others if they got through."""
        if not again:
            return
        if is_whole and (load.reading is not None or self._spool is None):
            load.pieces.append(again)
        elif load.reading is not None:
            left = again[self._to_disk(again, now) :]
            load.pieces += [left] if left else []
        elif self._spool is None:
            self._backlog.put(again, now)
        else:
            items = [*again, *load.items()]
            self._load = None
            self._backlog.put_first(items[self._to_disk(items, now) :], load.since)

    def _finish(self, load: _Load) -> None:
        self._load = None
        if load.reading is not None and self._spool is not None:
            self._spool.confirm(load.reading)

    # --- the end, and reports

    def adopt(self) -> None:
        """Take over what exporters that are gone have left on disk."""
        if self._spool is not None:
            self._spool.adopt()

    def put_away(self, now: float) -> None:
        """Nothing is delivered any more: to the disk with it, or it is lost."""
        load, self._load = self._load, None
        self._disk_not_before = -inf
        items = load.items() if load is not None and load.reading is None else []
        items += self._backlog.take(len(self._backlog), self._backlog.bytes)
        left = items[self._to_disk(items, now) :]
        reason = (self._spool.trouble if self._spool is not None else "") or "shutdown"
        self._ledger.all_dropped(left, reason)
        if self._spool is not None:
            self._spool.close()

    def report(self, now: float) -> BackendReport:
        """How it goes."""
        load, ledger = self._load, self._ledger
        items = load.items() if load is not None and load.reading is None else []
        waiting = Counter(self._backlog.waiting)
        waiting.update(item.signal for item in items)
        on_disk = self._spool.oldest_seconds if self._spool is not None else 0.0
        oldest = max(self._backlog.oldest(now), on_disk)
        return BackendReport(
            name=self.name,
            sent=_by_word(ledger.sent),
            dropped={one.value: dict(counts) for one, counts in ledger.lost.items()},
            waiting=_by_word(waiting),
            queue_bytes=self._backlog.bytes + held_bytes(items),
            spool_bytes=self._spool.bytes if self._spool is not None else 0,
            spool_documents=self._spool.documents if self._spool is not None else 0,
            oldest_seconds=max(oldest, now - load.since) if items and load else oldest,
            is_up=self.is_up,
            error=self.error,
            requests_ok=ledger.requests_ok,
            requests_failed=ledger.requests_failed,
            request_counts=[*ledger.seconds.counts],
            request_seconds=ledger.seconds.total,
        )


def _by_word(counts: Counter[Signal]) -> dict[str, int]:
    return {signal.value: count for signal, count in counts.items()}
