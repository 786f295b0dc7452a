from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.back_off import MOST_ASKED_SECONDS, MOST_SECONDS, BackOff


def test_waits_double_up_to_the_most() -> None:
    back_off = BackOff(lambda: 1.0)
    waits = [back_off.failed(0.0) for _ in range(12)]
    assert waits[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits[-1] == MOST_SECONDS
    back_off.worked()
    assert back_off.failed(0.0) == pytest.approx(0.1)


@given(st.floats(0, 1), st.floats(0, 1000), st.integers(0, 20))
def test_who_asks_to_be_left_alone_is(chance: float, asked: float, failures: int) -> None:
    back_off = BackOff(lambda: chance)
    for _ in range(failures):
        back_off.failed(0.0)
    wait = back_off.failed(asked)
    assert wait >= min(asked, MOST_ASKED_SECONDS)
    assert 0.05 <= wait <= max(asked, MOST_SECONDS)
