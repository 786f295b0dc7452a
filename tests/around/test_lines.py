"""A service's output is cut into its lines, however it comes in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.around.lines import LINE_BYTES_AT_MOST, Lines

_PIECES = st.lists(st.binary(max_size=30).map(lambda one: one.replace(b"\r", b"")), max_size=8)


@given(_PIECES)
def test_the_pieces_do_not_matter(pieces: list[bytes]) -> None:
    lines = Lines()
    found = [line for piece in pieces for line in lines.feed(piece)] + lines.end()
    *whole, rest = b"".join(pieces).split(b"\n")
    assert found == whole + ([rest] if rest else [])


def test_a_line_waits_for_its_end() -> None:
    lines = Lines()
    assert lines.feed(b"half of") == []
    assert lines.feed(b" it\nand") == [b"half of it"]
    assert lines.end() == [b"and"]
    assert lines.end() == []


def test_a_carriage_return_is_no_part_of_a_line() -> None:
    assert Lines().feed(b"one\r\ntwo\r\n") == [b"one", b"two"]


def test_a_line_that_never_ends_is_told_once_and_costs_no_more_memory() -> None:
    lines = Lines()
    found = [line for _ in range(100) for line in lines.feed(b"x" * 10_000)]
    assert found == [b"x" * LINE_BYTES_AT_MOST + b"..."]
    assert lines.feed(b"still the same\nanother\n") == [b"another"]


def test_a_long_line_in_one_piece_is_cut_too() -> None:
    (line,) = Lines().feed(b"x" * (LINE_BYTES_AT_MOST + 1) + b"\n")
    assert len(line) == LINE_BYTES_AT_MOST + 3


@given(_PIECES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_what_is_skipped_is_counted_and_never_comes_in_halves(
    pieces: list[bytes], skips: list[bool]
) -> None:
    lines = Lines()
    told: list[bytes] = []
    skipped = 0
    for piece, skip in zip(pieces, skips, strict=False):
        if skip:
            skipped += lines.skip(piece)
        else:
            told += lines.feed(piece)
    told += lines.end()
    whole = b"".join(pieces).split(b"\n")
    lines_there_are = len(whole) - (whole[-1] == b"")
    assert len(told) + skipped == lines_there_are
    assert all(one in whole for one in told)
