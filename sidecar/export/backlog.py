"""Items that wait in memory for a backend: in order, and bounded by what they weigh."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Final

from sidecar.export.item import Item, Signal

#: What an item costs beside its text: many short ones must stay bounded too.
ITEM_OVERHEAD_BYTES: Final = 256


def held_bytes(items: Iterable[Item]) -> int:
    """What it costs to hold these."""
    return sum(len(item.data) + ITEM_OVERHEAD_BYTES for item in items)


class Backlog:
    """A line of items. It takes what it is given; whoever gives asks for the excess."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held: deque[tuple[float, Item]] = deque()
        self._counts: Counter[Signal] = Counter()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def waiting(self) -> dict[Signal, int]:
        """How many of each signal."""
        return dict(self._counts)

    def oldest(self, now: float) -> float:
        """Seconds that the first has waited; 0 when nobody waits."""
        return now - self._held[0][0] if self._held else 0.0

    def put(self, items: Iterable[Item], now: float) -> None:
        """Put these at the end."""
        for item in items:
            self._held.append((now, item))
            self._add(item, 1)

    def put_first(self, items: Sequence[Item], since: float) -> None:
        """Put these, which were taken out before, in front of the others again."""
        for item in reversed(items):
            self._held.appendleft((since, item))
            self._add(item, 1)

    def excess(self, beside_bytes: int = 0) -> list[Item]:
        """Take out the oldest that are too much, beside what else is held."""
        taken: list[Item] = []
        while self.bytes + beside_bytes > self._limit_bytes and self._held:
            taken.append(self._pop())
        return taken

    def take(self, most_items: int, most_bytes: int) -> list[Item]:
        """Take out the oldest, as many as fit; at least one, however large it is."""
        taken: list[Item] = []
        weight = 0
        while self._held and len(taken) < most_items:
            weight += len(self._held[0][1].data)
            if taken and weight > most_bytes:
                break
            taken.append(self._pop())
        return taken

    def _pop(self) -> Item:
        item = self._held.popleft()[1]
        self._add(item, -1)
        return item

    def _add(self, item: Item, sign: int) -> None:
        self.bytes += sign * (len(item.data) + ITEM_OVERHEAD_BYTES)
        self._counts[item.signal] += sign
