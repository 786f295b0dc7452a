"""Sets of literals and globs that are asked whether a value is among them.

In a glob, ``*`` stands for any bytes, none included; nothing else is special. Matching looks for
the pieces between the stars from left to right and never goes back, so that no value, however it
is made, takes longer than its length times that of the glob.
"""

from __future__ import annotations

from collections.abc import Iterable

_STAR = b"*"


class Globs:
    """A set of literals and globs. Literals are one look-up, however many there are."""

    __slots__ = ("_globs", "_literals")

    def __init__(self, patterns: Iterable[str]) -> None:
        encoded = {pattern.encode("utf-8", "surrogatepass") for pattern in patterns}
        self._literals = frozenset(pattern for pattern in encoded if _STAR not in pattern)
        self._globs = tuple(_Glob(pattern) for pattern in sorted(encoded) if _STAR in pattern)

    def match(self, value: bytes) -> bool:
        """Whether ``value``, all of it and in this case, is one of them."""
        if value in self._literals:
            return True
        # A loop, not any(): a generator would cost more than most of the comparisons.
        for glob in self._globs:  # noqa: SIM110
            if glob.matches(value):
                return True
        return False


class _Glob:
    __slots__ = ("first", "last", "middle", "shortest")

    def __init__(self, pattern: bytes) -> None:
        self.first, *middle, self.last = pattern.split(_STAR)
        self.middle = tuple(piece for piece in middle if piece)
        self.shortest = len(self.first) + len(self.last)

    def matches(self, value: bytes) -> bool:
        if len(value) < self.shortest or not value.startswith(self.first):
            return False
        end = len(value) - len(self.last)
        # A piece is best taken where it first occurs: that leaves most for those that follow.
        at = len(self.first)
        for piece in self.middle:
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return value.endswith(self.last)
