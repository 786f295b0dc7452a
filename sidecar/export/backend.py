"""What a backend is to the exporter: it is handed items, and says what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from sidecar.export.item import Item


class Delivery(msgspec.Struct, frozen=True):
    """What became of some items, by their place among those that were handed over.

    A place that is not named here was taken; so is one that the backend had already.
    """

    #: Never to be taken, with a word of ``telemetry.reasons``; dropped, and counted.
    refused: Mapping[int, str] = {}
    #: To be tried again, and only these.
    again: Sequence[int] = ()
    #: Seconds that the backend asks to be left alone; 0 when it says nothing.
    retry_after: float = 0.0
    #: Why all of it as one was refused, a word of ``telemetry.reasons``, when a part of it may be
    #: taken: it is halved and tried again at once; one that is alone is dropped with this reason.
    split: str = ""
    #: What was wrong, for people; empty when all is well.
    error: str = ""


#: All of them are there.
TAKEN = Delivery()


def failed(items: Sequence[Item], error: str, retry_after: float = 0.0) -> Delivery:
    """Nothing of it was taken, all of it may be later: nobody answers, or nobody has time."""
    return Delivery(again=range(len(items)), retry_after=retry_after, error=error)


class Backend(Protocol):
    """Where items go. It is called by one thread of its own, and may block for some seconds.

    What it raises counts as ``failed``.
    """

    #: One word: the label ``exporter``.
    name: str

    def deliver(self, items: Sequence[Item]) -> Delivery:
        """Hand over at most some thousand items and some megabytes."""
        ...

    def close(self) -> None:
        """Let go of connections; nothing is delivered afterwards."""
        ...
