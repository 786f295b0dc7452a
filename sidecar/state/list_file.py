"""The entries of a list file: looked up in constant time, replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Final

#: The entries of a list, each with the end of its validity in seconds since 1970.
Entries = Mapping[bytes, float]

#: ``until`` of an entry that does not expire.
FOREVER: Final = inf
#: When what is no entry was valid.
_NEVER: Final = -inf


class ListFile:
    """The same object for as long as a rule set names the file; its entries change.

    Expiry is by the wall time that was handed in last, so that a look-up costs one look into a
    dictionary, however many entries there are and however many of them expire at once. Before the
    first ``advance`` nothing has expired.
    """

    __slots__ = ("_now", "_until")

    def __init__(self, entries: Entries | Iterable[bytes] = ()) -> None:
        """``entries`` are kept as they are: nobody may change them. Mere values do not expire."""
        self._until = _dated(entries)
        self._now = _NEVER

    def contains(self, value: bytes) -> bool:
        """Whether ``value`` is an entry that has not expired."""
        return self._until.get(value, _NEVER) > self._now

    def advance(self, wall_now: float) -> None:
        """It is ``wall_now``, in seconds since 1970."""
        self._now = wall_now

    def replace(self, entries: Entries | Iterable[bytes]) -> None:
        """Put other entries in force, all at once."""
        self._until = _dated(entries)

    def __len__(self) -> int:
        """How many entries there are, those that have expired included."""
        return len(self._until)


def _dated(entries: Entries | Iterable[bytes]) -> Entries:
    return entries if isinstance(entries, Mapping) else dict.fromkeys(entries, FOREVER)
