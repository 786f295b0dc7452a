from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.backoff import Backoff


@pytest.mark.parametrize("before, seconds", [(0, 0.025), (1, 0.05), (2, 0.1), (3, 0.2), (4, 0.25)])
def test_waits_double_up_to_the_longest(before: int, seconds: float) -> None:
    assert Backoff(0.025, 0.25, jittered=False).seconds(before, 0.5) == pytest.approx(seconds)


@given(
    first=st.floats(1e-3, 1e6),
    at_most=st.floats(1e-3, 1e6),
    before=st.integers(0, 10_000),
    drawn=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_within_its_bounds(
    first: float, at_most: float, before: int, drawn: float
) -> None:
    backoff = Backoff(first, at_most, jittered=True)
    assert 0.0 <= backoff.seconds(before, drawn) <= backoff.longest(before) <= at_most
    assert backoff.longest(before) <= backoff.longest(before + 1)
