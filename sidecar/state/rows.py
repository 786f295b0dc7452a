"""A bounded table of small rows by key: like ``Table``, where one number a key is not enough."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

#: A tuple whose first number is the moment from which on the row tells no more than a missing one.
Row = TypeVar("Row", bound=tuple[Any, ...])

#: As in ``Table``: a full one stays full, one that shrinks does so by a row with each write.
_ROWS_OUT_PER_WRITE = 2


class Rows(Generic[Row]):
    """Rows by key, at most ``capacity`` of them; exactly least recently written goes first.

    Reading leaves no trace, not even in the order of eviction.
    """

    def __init__(self, capacity: int) -> None:
        """Make an empty table; raises ``ValueError`` when ``capacity`` is less than one."""
        self._rows: OrderedDict[Hashable, Row] = OrderedDict()
        self.capacity = 0
        self.resize(capacity)
        #: Rows that went for want of room although they still meant something.
        self.evictions = 0
        #: The row under a key, None where there is none: the mapping's own method.
        self.get: Callable[[Hashable], Row | None] = self._rows.get

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._rows)

    def put(self, key: Hashable, row: Row, now: float) -> None:
        """Write ``row`` under ``key``, which becomes the last to go."""
        rows = self._rows
        rows[key] = row
        rows.move_to_end(key)
        if len(rows) > self.capacity:
            for _ in range(min(_ROWS_OUT_PER_WRITE, len(rows) - self.capacity)):
                self.drop_oldest(now)

    def drop_oldest(self, now: float) -> Row:
        """Take out the row that was not written for longest; there must be one."""
        _, row = self._rows.popitem(last=False)
        if row[0] > now:
            self.evictions += 1
        return row

    def resize(self, capacity: int) -> None:
        """Change the capacity; a table that is now too full shrinks by a row with each write.

        Raises ``ValueError`` when ``capacity`` is less than one.
        """
        if capacity < 1:
            message = f"a table holds at least one row, not {capacity}"
            raise ValueError(message)
        self.capacity = capacity
