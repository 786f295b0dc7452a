from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.lot import draw

DECISIONS = [b"%016x" % number for number in range(10_000)]


@given(decision=st.binary(max_size=40), purpose=st.binary(max_size=200))
def test_the_same_is_drawn_each_time(decision: bytes, purpose: bytes) -> None:
    drawn = draw(decision, purpose)
    assert 0.0 <= drawn < 1.0
    assert draw(decision, purpose) == drawn


def test_it_is_spread_evenly() -> None:
    drawn = [draw(one, b"delay") for one in DECISIONS]
    for tenth in range(10):
        within = sum(tenth <= 10 * one < tenth + 1 for one in drawn)
        assert 850 < within < 1150


def test_purposes_have_nothing_to_do_with_each_other() -> None:
    both = sum(draw(one, b"delay") < 0.3 and draw(one, b"abort") < 0.3 for one in DECISIONS)
    assert 750 < both < 1050
