"""Sets of literals and globs against a regular expression."""

from __future__ import annotations

import re
from itertools import pairwise
from timeit import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.globs import Globs

# Few letters, so that pieces occur several times and overlap.
patterns = st.lists(st.text("ab*.", max_size=7), max_size=5)
values = st.text("ab.*\n", max_size=9)


def plainly_matches(pattern: str, value: str) -> bool:
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    return re.fullmatch(expression, value, re.DOTALL) is not None


@given(patterns=patterns, value=values)
def test_matches_what_a_regular_expression_matches(patterns: list[str], value: str) -> None:
    expected = any(plainly_matches(pattern, value) for pattern in patterns)
    assert Globs(patterns).match(value.encode()) is expected


@pytest.mark.parametrize(
    "pattern, value, expected",
    [
        ("web", b"web", True),
        ("web", b"Web", False),
        ("web", b"web2", False),
        ("web*", b"web", True),
        ("*", b"", True),
        ("**", b"anything", True),
        ("a*a", b"a", False),
        ("a*a", b"aa", True),
        ("*ab*ba*", b"aba", False),
        ("*ab*ba*", b"abba", True),
        ("*a*ba", b"ba", False),
        ("*a*ba", b"aba", True),
        ("[ab].?", b"a.c", False),
        ("schön*", "schöner".encode(), True),
        ("schön*", "schöner".encode("latin-1"), False),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_is_special(
    pattern: str, value: bytes, *, expected: bool
) -> None:
    assert Globs([pattern]).match(value) is expected


def test_an_empty_set_matches_nothing() -> None:
    assert not Globs([]).match(b"")


def test_no_value_makes_many_stars_slow() -> None:
    globs = Globs(["*a*a*a*a*a*a*a*a*b"])

    def seconds(length: int) -> float:
        value = b"a" * length
        return min(repeat(lambda: globs.match(value), number=20, repeat=5))

    # Going back would cost the eighth power of the length.
    for shorter, longer in pairwise([2_000, 16_000]):
        assert seconds(longer) < 100 * seconds(shorter) + 0.001
