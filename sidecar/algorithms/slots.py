"""Slots: so many at a time for each key, and a bounded line of those who wait for one.

A slot that becomes free is kept for the first in the line before he hears of it, so that nobody
who comes later can be quicker. The line is ordered by rank, then by arrival; when it is full,
somebody of a better rank takes the place of the last one of the worst.

Whoever waits is told at most once: by ``wake``, when a slot is kept for him or when his place is
given to another. A place that nobody can wake any more belongs to nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import Final

from sidecar.model.verdict import Place

#: Ranks are 0, which is served first, to 3.
RANKS: Final = 4
#: The key of what has none: its row is always there.
NO_KEY: Final = b""
#: The row for keys that find no room of their own.
_OTHERS: Final = 1


class Standing(Enum):
    """What has become of somebody in the line."""

    WAITING = "waiting"
    #: A slot is kept for him.
    CALLED = "called"
    #: Somebody of a better rank has his place.
    PUSHED_OUT = "pushed out"
    #: He has gone, or has taken his slot.
    GONE = "gone"


class Waiting(Place):
    """Somebody's place in a line."""

    __slots__ = ("rank", "row", "since", "standing", "until")

    def __init__(self, row: Row, rank: int, since: float, until: float) -> None:
        super().__init__()
        self.row = row
        self.rank = rank
        self.since = since
        self.until = until
        self.standing = Standing.WAITING


class Row:
    """The slots of one key."""

    __slots__ = ("kept", "key", "lines", "queued", "taken")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.taken = 0
        #: Slots that wait for those who were called.
        self.kept = 0
        self.queued = 0
        #: Those who wait, by rank; made when somebody first does.
        self.lines: tuple[OrderedDict[Waiting, None], ...] = ()

    def join(self, place: Waiting) -> None:
        """Put somebody at the end of his rank's line."""
        if not self.lines:
            self.lines = tuple(OrderedDict() for _ in range(RANKS))
        self.lines[place.rank][place] = None
        self.queued += 1

    def drop(self, place: Waiting) -> None:
        """Take somebody out of the line, wherever he stands."""
        del self.lines[place.rank][place]
        self.queued -= 1

    def first(self) -> Waiting | None:
        """Take out who is to be served next."""
        for line in self.lines:
            if line:
                self.queued -= 1
                return line.popitem(last=False)[0]
        return None

    def last_behind(self, rank: int) -> Waiting | None:
        """Take out who has come last, of the worst rank, if that is worse than ``rank``."""
        for line in self.lines[:rank:-1]:
            if line:
                self.queued -= 1
                return line.popitem()[0]
        return None


class Slots:
    """``at_most`` slots for each key, and a line of ``queue_at_most`` for each.

    A key is known while it has a slot or somebody in its line; beyond ``capacity`` keys at a
    time, the others share one row.
    """

    __slots__ = ("_others", "_rows", "at_most", "capacity", "kept", "queue_at_most", "queued",
                 "taken")  # fmt: skip

    def __init__(self, at_most: int, queue_at_most: int, capacity: int) -> None:
        self.at_most = at_most
        self.queue_at_most = queue_at_most
        self.capacity = capacity
        self._rows: dict[bytes, Row] = {}
        self._others = Row(b"")
        #: Of all keys together.
        self.taken = 0
        self.kept = 0
        self.queued = 0

    @property
    def tracked(self) -> int:
        """How many keys have a row of their own."""
        return len(self._rows)

    def held(self, key: bytes) -> int:
        """How many slots of this key are not free."""
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) < self.capacity:
                return 0
            row = self._others
        return row.taken + row.kept

    def line(self, key: bytes) -> int:
        """How many wait for a slot of this key."""
        row = self._rows.get(key)
        if row is None:
            return self._others.queued if len(self._rows) >= self.capacity else 0
        return row.queued

    def take(self, key: bytes) -> int:
        """Take a slot; returns the ticket to give it back with."""
        row = self._row(key)
        row.taken += 1
        self.taken += 1
        return _OTHERS if row is self._others else 0

    def take_kept(self, place: Waiting) -> int:
        """Take the slot that is kept for somebody who was called."""
        row = place.row
        row.kept -= 1
        self.kept -= 1
        place.standing = Standing.GONE
        row.taken += 1
        self.taken += 1
        return _OTHERS if row is self._others else 0

    def give_back(self, key: bytes, ticket: int) -> None:
        """A slot is free again: it is kept for the first in the line."""
        row = self._others if ticket == _OTHERS else self._rows[key]
        row.taken -= 1
        self.taken -= 1
        if row.queued:
            self._go_on(row)
        elif not row.taken:
            self._forget(row)

    def wait(self, key: bytes, rank: int, now: float, until: float) -> Waiting | None:
        """A place in the line; None when it is full of those who are not of a worse rank."""
        row = self._row(key)
        if row.queued >= self.queue_at_most:
            pushed = row.last_behind(rank)
            if pushed is None:
                self._forget(row)
                return None
            self.queued -= 1
            pushed.standing = Standing.PUSHED_OUT
            _tell(pushed)
        place = Waiting(row, rank, now, until)
        row.join(place)
        self.queued += 1
        return place

    def leave(self, place: Waiting) -> None:
        """Somebody goes: a slot that was kept for him is the next one's."""
        row, standing = place.row, place.standing
        place.standing = Standing.GONE
        if standing is Standing.WAITING:
            row.drop(place)
            self.queued -= 1
            self._forget(row)
        elif standing is Standing.CALLED:
            row.kept -= 1
            self.kept -= 1
            self._go_on(row)

    def resize(self, at_most: int, queue_at_most: int, capacity: int) -> None:
        """Change the bounds: what is over them goes by itself, what is free now is given."""
        self.at_most = at_most
        self.queue_at_most = queue_at_most
        self.capacity = capacity
        for row in [*self._rows.values(), self._others]:
            self._go_on(row)

    def call_everybody(self) -> None:
        """Keep a slot for everybody who waits, however many there are."""
        for row in [*self._rows.values(), self._others]:
            self._call(row, row.queued)

    def _row(self, key: bytes) -> Row:
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= self.capacity:
                return self._others
            row = self._rows[key] = Row(key)
        return row

    def _go_on(self, row: Row) -> None:
        """Call as many as there are free slots."""
        if row.queued:
            self._call(row, self.at_most - row.taken - row.kept)
        self._forget(row)

    def _call(self, row: Row, free: int) -> None:
        while free > 0 and (place := row.first()) is not None:
            self.queued -= 1
            if place.wake is None:
                # Nobody is there who could take it.
                place.standing = Standing.GONE
                continue
            place.standing = Standing.CALLED
            free -= 1
            row.kept += 1
            self.kept += 1
            place.wake()

    def _forget(self, row: Row) -> None:
        if (
            row.key is not NO_KEY
            and not (row.taken or row.kept or row.queued)
            and row is not self._others
        ):
            self._rows.pop(row.key, None)


def _tell(place: Waiting) -> None:
    if place.wake is not None:
        place.wake()
