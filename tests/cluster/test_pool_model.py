"""A pool as its connector drives it, against a model that is nothing but lists."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from sidecar.cluster.pool import Pool, PoolSettings


@dataclass(eq=False)
class Connection:
    expires: float


class PoolMachine(RuleBasedStateMachine):
    """Requests come, wait and go; connections are opened, used, kept, and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.requests = 0
        #: What the model knows: who waits, what is being opened, used, and kept (newest last).
        self.waiting: list[int] = []
        self.opening = 0
        self.used: list[Connection] = []
        self.kept: list[Connection] = []

    @initialize(room=st.integers(1, 4), seats=st.integers(0, 3))
    def begin(self, room: int, seats: int) -> None:
        self.room, self.seats = room, seats
        self.pool: Pool[Connection, int] = Pool(PoolSettings(room, seats))

    @property
    def exist(self) -> int:
        return self.opening + len(self.used) + len(self.kept)

    def connect(self) -> None:
        """Open what is wanted, and no more than there is room for."""
        while self.pool.should_connect:
            self.pool.open += 1
            self.pool.connecting += 1
            self.opening += 1
            assert self.opening <= len(self.waiting)
            assert self.exist <= self.room

    def serve(self, connection: Connection) -> None:
        """A connection is free: whoever waits longest has it, or it is kept."""
        if self.waiting:
            assert self.pool.pending.popleft() == self.waiting.pop(0)
            self.used.append(connection)
        else:
            self.pool.idle.append(connection)
            self.kept.append(connection)

    @rule()
    def a_request_comes(self) -> None:
        if self.kept:
            newest = self.kept.pop()
            assert self.pool.idle.pop() is newest
            self.used.append(newest)
            return
        can_be_opened = self.exist < self.room
        waits_for_others = len(self.waiting) - self.opening
        assert self.pool.may_wait == (can_be_opened or waits_for_others < self.seats)
        if self.pool.may_wait:
            self.requests += 1
            self.pool.pending.append(self.requests)
            self.waiting.append(self.requests)
            self.connect()

    @precondition(lambda self: self.opening)
    @rule(lives=st.integers(1, 20))
    def a_connection_is_there(self, lives: int) -> None:
        self.opening -= 1
        self.pool.connecting -= 1
        self.serve(Connection(self.now + lives))

    @precondition(lambda self: self.opening)
    @rule()
    def a_connection_cannot_be_made(self) -> None:
        self.opening -= 1
        self.pool.connecting -= 1
        self.pool.open -= 1
        if self.waiting:
            assert self.pool.pending.popleft() == self.waiting.pop(0)
        self.connect()

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def an_answer_is_complete(self, data: st.DataObject) -> None:
        connection = data.draw(st.sampled_from(self.used))
        self.used.remove(connection)
        self.serve(connection)

    @precondition(lambda self: self.used or self.kept)
    @rule(data=st.data())
    def a_connection_is_lost(self, data: st.DataObject) -> None:
        connection = data.draw(st.sampled_from(self.used + self.kept))
        (self.used if connection in self.used else self.kept).remove(connection)
        self.pool.forget(connection)
        self.connect()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_request_waits_no_longer(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(request)
        self.pool.withdraw(request)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def a_request_that_does_not_wait_is_withdrawn(self, data: st.DataObject) -> None:
        request = data.draw(st.integers(1, self.requests))
        if request not in self.waiting:
            self.pool.withdraw(request)

    @rule(seconds=st.integers(0, 20))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        gone = [one for one in self.kept if one.expires <= self.now]
        self.kept = [one for one in self.kept if one.expires > self.now]
        assert self.pool.expired(self.now) == gone
        for connection in gone:
            self.pool.forget(connection)
        self.connect()

    @invariant()
    def the_books_agree(self) -> None:
        assert self.pool.idle == self.kept
        assert list(self.pool.pending) == self.waiting
        assert (self.pool.open, self.pool.connecting) == (self.exist, self.opening)
        assert self.pool.open <= self.room

    @invariant()
    def nobody_waits_for_whom_nothing_is_done(self) -> None:
        if self.waiting:
            assert self.opening >= len(self.waiting) or self.exist == self.room
            assert not self.kept, "a connection is free"


TestPool = PoolMachine.TestCase
