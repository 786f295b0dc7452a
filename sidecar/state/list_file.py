"""The entries of a list file: looked up in constant time, replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable


class ListFile:
    """The same object for as long as a rule file names the file; its entries change."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._entries = frozenset(entries)

    def contains(self, value: bytes) -> bool:
        """Whether ``value`` is an entry."""
        return value in self._entries

    def replace(self, entries: Iterable[bytes]) -> None:
        """Put other entries in force, all at once."""
        self._entries = frozenset(entries)
