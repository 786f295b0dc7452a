from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.window import ALWAYS, Window


def test_a_window_that_opens_once() -> None:
    window = Window(100.0, 200.0)
    assert [window.is_open(wall) for wall in (99.9, 100.0, 199.9, 200.0)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [window.next_edge(wall) for wall in (0.0, 100.0, 200.0)] == [100.0, 200.0, inf]


def test_a_window_without_an_end_or_a_beginning() -> None:
    assert ALWAYS.is_open(0.0)
    assert ALWAYS.next_edge(0.0) == inf
    assert Window(start=100.0).next_edge(150.0) == inf
    assert Window(end=100.0).is_open(-1e9)
    assert Window(end=100.0).next_edge(0.0) == 100.0


def test_a_window_that_opens_every_day() -> None:
    window = Window(100.0, 200.0, 1000.0)
    opens = [wall for wall in range(0, 3000, 50) if window.is_open(wall)]
    assert opens == [100, 150, 1100, 1150, 2100, 2150]
    assert [window.next_edge(wall) for wall in (0.0, 100.0, 250.0, 1150.0)] == [
        100.0, 200.0, 1100.0, 1200.0,
    ]  # fmt: skip


moments = st.integers(-10_000, 10_000).map(float)
windows = st.one_of(
    st.builds(lambda start, length: Window(start, start + length), moments, st.integers(1, 500)),
    st.builds(
        lambda start, length, rest: Window(start, start + length, length + rest),
        moments, st.integers(1, 500), st.integers(1, 500),
    ),
)  # fmt: skip


@given(window=windows, wall=moments)
def test_nothing_changes_until_the_next_edge_and_something_does_there(
    window: Window, wall: float
) -> None:
    edge = window.next_edge(wall)
    assert edge > wall
    last = min(edge, wall + 2000.0)
    between = [wall + (last - wall) * share / 7 for share in range(7)]
    assert {window.is_open(one) for one in between} == {window.is_open(wall)}
    if edge < inf:
        assert window.is_open(edge) is not window.is_open(wall)
