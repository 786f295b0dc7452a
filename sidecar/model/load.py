"""What rules are told of how loaded this host and this process are."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Window(NamedTuple):
    """What was measured in a short stretch of time."""

    #: The share of the CPU time that we may use, from 0 to 1; None when it cannot be known.
    cpu: float | None
    #: Mean seconds that a request waited in queues of ours, and for its turn in the loop.
    queue_delay: float


class LoadMeter(Protocol):
    """The load of late, measured off the path of requests; the same object over reloads.

    A *window* is closed every so often; who adapts to load takes one step for each that was
    closed, however often it is asked in between.
    """

    @property
    def closed(self) -> int:
        """How many windows were ever closed."""
        ...

    @property
    def last(self) -> Window:
        """The window that was closed last."""
        ...

    def since(self, closed: int) -> list[Window]:
        """The windows that were closed since there were ``closed`` of them, as far as known."""
        ...

    def waited(self, seconds: float) -> None:
        """A request has passed a queue, or left it, after so long; 0 for at once."""
        ...
