"""Finds which of many path patterns a path matches, at a cost that does not grow with them.

A path that a pattern spells out is one look-up; for any other, a tree of segments is walked.
"""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.ruleset.path_pattern import (
    ANY_REST,
    STAR,
    PathTest,
    is_literal,
    segment_test,
    segments_of,
)

_NONE: frozenset[int] = frozenset()


class _Node:
    """One segment of the tree."""

    __slots__ = ("any_rest", "ends", "globs", "literals")

    def __init__(self) -> None:
        self.literals: dict[bytes, _Node] = {}
        #: Segments with a star: how to test one, the pattern, and what follows.
        self.globs: list[tuple[PathTest, bytes, _Node]] = []
        #: Numbers of the patterns that end here, and of those that go on with ``**``.
        self.ends = _NONE
        self.any_rest = _NONE

    def below(self, segment: bytes) -> _Node:
        """The node of a pattern's next segment, made when it is not there."""
        if STAR not in segment:
            return self.literals.setdefault(segment, _Node())
        for _, pattern, node in self.globs:
            if pattern == segment:
                return node
        node = _Node()
        self.globs.append((segment_test(segment), segment, node))
        return node


class PathIndex:
    """Path patterns, each with a number; what one path matches is found in one go."""

    __slots__ = ("_known", "_root")

    def __init__(self, patterns: Iterable[tuple[str, int]]) -> None:
        self._root = _Node()
        spelled_out: set[bytes] = set()
        for pattern, number in patterns:
            segments = segments_of(pattern)
            if is_literal(segments):
                spelled_out.add(b"/" + b"/".join(segments))
            self._insert(segments, number)
        #: What matches each path that is spelled out somewhere.
        self._known = {path: self._walk(path) for path in spelled_out}

    def find(self, path: bytes) -> frozenset[int]:
        """The numbers of all patterns that ``path``, as ``wire.path`` spells it, matches."""
        found = self._known.get(path)
        return found if found is not None else self._walk(path)

    def _insert(self, segments: tuple[bytes, ...], number: int) -> None:
        node = self._root
        for segment in segments:
            if segment == ANY_REST:
                node.any_rest |= {number}
                return
            node = node.below(segment)
        node.ends |= {number}

    def _walk(self, path: bytes) -> frozenset[int]:
        if path[:1] != b"/":
            # `OPTIONS *` is about the server as a whole: no path is meant.
            return _NONE
        return _found(self._root, path.split(b"/"), 1)


def _found(node: _Node, segments: list[bytes], position: int) -> frozenset[int]:
    """What matches from ``node`` on; the patterns bound how deep this goes, not the path."""
    found = node.any_rest
    for taken in range(position, len(segments)):
        segment = segments[taken]
        below = node.literals.get(segment)
        if node.globs:
            for test, _, after in node.globs:
                if test(segment):
                    if below is not None:
                        # More than one way on: all but the last are gone to their end here.
                        found |= _found(below, segments, taken + 1)
                    below = after
        if below is None:
            return found
        node = below
        if node.any_rest:
            found = found | node.any_rest if found else node.any_rest
    return found | node.ends if node.ends else found
