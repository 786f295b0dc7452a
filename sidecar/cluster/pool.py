"""Which kept-alive connection serves the next request, and who waits for one.

Bookkeeping only: opening, looking at and closing connections is done by the caller.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Bounds of the connections to one endpoint; times in seconds."""

    max_connections: int = 200
    max_pending: int = 200
    connect_timeout: float = 1.0
    idle: float = 60.0
    age: float = 3600.0


class Connection(Protocol):
    """What a pool must know of a connection."""

    #: Monotonic time from which it must not carry another request.
    expires: float


ConnectionT = TypeVar("ConnectionT", bound=Connection)
WaiterT = TypeVar("WaiterT")


class Pool(Generic[ConnectionT, WaiterT]):
    """The connections to one endpoint: last in, first out, so that spare ones grow old and go."""

    __slots__ = ("connecting", "idle", "open", "pending", "settings")

    def __init__(self, settings: PoolSettings) -> None:
        self.settings = settings
        #: Connections that carry no request; the most recently used is last.
        self.idle: list[ConnectionT] = []
        #: Connections that exist or are being opened, and of these the latter.
        self.open = 0
        self.connecting = 0
        #: Requests that wait for a connection, longest first.
        self.pending: deque[WaiterT] = deque()

    @property
    def should_connect(self) -> bool:
        """Whether somebody waits for whom no connection is being opened, and there is room."""
        return self.connecting < len(self.pending) and self.open < self.settings.max_connections

    @property
    def may_wait(self) -> bool:
        """Whether one more request may wait; one whose connection can be opened always may."""
        settings = self.settings
        return (
            self.open < settings.max_connections
            or len(self.pending) < settings.max_pending + self.connecting
        )

    def expired(self, now: float) -> list[ConnectionT]:
        """Take out the idle connections that must not be used any more; the caller closes them."""
        gone = [one for one in self.idle if now >= one.expires]
        if gone:
            self.idle = [one for one in self.idle if now < one.expires]
        return gone

    def forget(self, connection: ConnectionT) -> None:
        """A connection that was closed."""
        self.open -= 1
        if connection in self.idle:
            self.idle.remove(connection)

    def withdraw(self, waiter: WaiterT) -> None:
        """A request that waits no longer."""
        if waiter in self.pending:
            self.pending.remove(waiter)
