"""Finds which of many path patterns a path matches, asking only those that begin as it does."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.ruleset.path_pattern import PathTest, is_literal, segments_of, segments_test

_STAR = b"*"
_NONE: frozenset[int] = frozenset()


class PathIndex:
    """Path patterns, each with a number; what one path matches is found in one go."""

    __slots__ = ("_beginnings", "_literals", "_wild")

    def __init__(self, patterns: Iterable[tuple[str, int]]) -> None:
        literals: dict[bytes, set[int]] = {}
        #: Patterns by their first segment, where that has no star.
        self._beginnings: dict[bytes, list[tuple[PathTest, int]]] = {}
        self._wild: list[tuple[PathTest, int]] = []
        for pattern, number in patterns:
            segments = segments_of(pattern)
            if is_literal(segments):
                literals.setdefault(b"/" + b"/".join(segments), set()).add(number)
            elif _STAR in segments[0]:
                self._wild.append((segments_test(segments), number))
            else:
                entry = (segments_test(segments), number)
                self._beginnings.setdefault(segments[0], []).append(entry)
        self._literals = {path: frozenset(numbers) for path, numbers in literals.items()}

    def find(self, path: bytes) -> frozenset[int]:
        """The numbers of all patterns that ``path`` matches."""
        found = self._literals.get(path, _NONE)
        segments = path.split(b"/", 2)
        beginning = self._beginnings.get(segments[1]) if len(segments) > 1 else None
        if beginning is None and not self._wild:
            return found
        matched = {number for test, number in (*(beginning or ()), *self._wild) if test(path)}
        return found | matched if matched else found
