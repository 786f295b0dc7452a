"""What is remembered of kept traces is bounded in number and in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.state.kept_traces import TRACES_AT_MOST, KeptTraces

steps = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.floats(0, 500)))


@given(steps)
def test_a_trace_is_known_for_a_while_and_not_for_ever(marked: list[tuple[bytes, float]]) -> None:
    kept, now, last = KeptTraces(), 0.0, dict[bytes, float]()
    for trace, later in marked:
        now += later
        kept.mark(trace, now)
        last[trace] = now
        kept.forget(now)
        assert set(kept) == {one for one, at in last.items() if now - at < 600}


def test_the_one_that_was_marked_first_makes_room() -> None:
    kept = KeptTraces()
    for number in range(TRACES_AT_MOST):
        kept.mark(b"%d" % number, 1.0)
    kept.mark(b"0", 1.0)
    assert len(kept) == TRACES_AT_MOST
    kept.mark(b"one more", 1.0)
    assert len(kept) == TRACES_AT_MOST
    assert b"1" not in kept
    assert b"0" in kept
