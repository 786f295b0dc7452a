"""Which span stands below which, and what is odd about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from sidecar.traces.trace import StoredSpan

#: Clocks of one host agree, but a span's ends are measured by two processes.
_TOLERANCE: Final = 1_000_000


class Odd(Enum):
    """What is odd about a span's place, with its sentence."""

    PARENT_MISSING = "its parent is not here: it was not kept, or has not arrived"
    EARLY = "begins before its parent: the clocks of the hosts differ"
    LATE = "ends after its parent: it went on alone, or the clocks of the hosts differ"
    TWICE = "another span has the same id"
    CIRCLE = "it is said to be below itself"


class Node(msgspec.Struct):
    """A span in its place."""

    span: StoredSpan
    depth: int
    #: Whether each of those above, itself last, is the last of its siblings.
    last: tuple[bool, ...]
    odd: tuple[Odd, ...]
    children: int


def forest(spans: Sequence[StoredSpan]) -> list[Node]:
    """Every span once, those below after their parent, siblings by their start.

    Spans whose parent is not there stand at the top, and a circle is opened where it begins first.
    """
    return list(_Forest(spans).walk())


class _Forest:
    """Spans by their places in the list: ids need not be unique."""

    def __init__(self, spans: Sequence[StoredSpan]) -> None:
        self._spans = sorted(spans, key=lambda one: (one.start, -one.end))
        self._first: dict[str, int] = {}
        for place, span in enumerate(self._spans):
            self._first.setdefault(span.span_id, place)
        self._below: dict[int, list[int]] = {}
        self._roots: list[int] = []
        self._parents = [self._parent_of(place) for place in range(len(self._spans))]
        for place, parent in enumerate(self._parents):
            if parent is None:
                self._roots.append(place)
            else:
                self._below.setdefault(parent, []).append(place)
        self._done: set[int] = set()

    def _parent_of(self, place: int) -> int | None:
        parent = self._first.get(self._spans[place].parent_id)
        return None if parent == place else parent

    def walk(self) -> Iterator[Node]:
        """From the top down."""
        roots = self._roots + self._openings()
        for root in roots:
            yield from self._from(root, is_last=root == roots[-1])

    def _openings(self) -> list[int]:
        """One span of every circle: from no root is any of it reached."""
        reached = self._reached(self._roots)
        openings = []
        for place in range(len(self._spans)):
            if place not in reached:
                openings.append(self._on_the_circle(place))
                reached |= self._reached(openings[-1:])
        return openings

    def _reached(self, places: Sequence[int]) -> set[int]:
        ahead = [*places]
        reached = {*places}
        while ahead:
            below = [one for one in self._below.get(ahead.pop(), ()) if one not in reached]
            reached.update(below)
            ahead += below
        return reached

    def _on_the_circle(self, place: int) -> int:
        """Where one comes round again who goes up from here."""
        seen = set()
        above: int | None = place
        while above is not None and above not in seen:
            seen.add(place := above)
            above = self._parents[place]
        return min(seen) if above is None else above

    def _from(self, root: int, *, is_last: bool) -> Iterator[Node]:
        ahead: list[tuple[int, tuple[bool, ...]]] = [(root, (is_last,))]
        while ahead:
            place, last = ahead.pop()
            self._done.add(place)
            below = [one for one in self._below.get(place, ()) if one not in self._done]
            odd = tuple(self._odd(place, is_top=len(last) == 1))
            yield Node(self._spans[place], len(last) - 1, last, odd, len(below))
            ahead += [(one, (*last, one == below[-1])) for one in reversed(below)]

    def _odd(self, place: int, *, is_top: bool) -> Iterator[Odd]:
        span = self._spans[place]
        if self._first[span.span_id] != place:
            yield Odd.TWICE
        if is_top:
            if span.parent_id:
                yield Odd.CIRCLE if span.parent_id in self._first else Odd.PARENT_MISSING
            return
        parent = self._parents[place]
        above = span if parent is None else self._spans[parent]
        if span.start < above.start - _TOLERANCE:
            yield Odd.EARLY
        elif span.end > above.end + _TOLERANCE:
            yield Odd.LATE
