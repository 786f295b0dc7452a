from __future__ import annotations

from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.backlog import Backlog, held_bytes
from sidecar.export.item import Item, Signal
from tests.export.items import make_item

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 5), st.integers(0, 2000)),
        st.tuples(st.just("take"), st.integers(1, 5), st.integers(1, 3000)),
        st.tuples(st.just("back"), st.just(0), st.just(0)),
        st.tuples(st.just("excess"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_items_leave_in_order_and_what_they_weigh_is_known(
    steps: list[tuple[str, int, int]],
) -> None:
    limit = 4000
    backlog = Backlog(limit)
    model: deque[Item] = deque()
    taken: list[Item] = []
    number = 0
    for what, count, size in steps:
        if what == "put":
            signals = list(Signal)
            items = [make_item(number + one, signals[one % 3], size) for one in range(count)]
            number += count
            backlog.put(items, float(number))
            model.extend(items)
        elif what == "take":
            taken = backlog.take(count, size)
            assert taken == [model.popleft() for _ in taken]
            assert len(taken) <= count
            assert len(taken) <= 1 or sum(len(one.data) for one in taken) <= size
            assert taken or not model
        elif what == "back":
            backlog.put_first(taken, 0.0)
            model.extendleft(reversed(taken))
            taken = []
        else:
            over = backlog.excess()
            assert over == [model.popleft() for _ in over]
            assert backlog.bytes <= limit
        assert backlog.bytes == held_bytes(model)
        assert len(backlog) == len(model)
        assert Counter(backlog.waiting) == Counter(one.signal for one in model)


def test_how_long_the_first_has_waited() -> None:
    backlog = Backlog(1000)
    assert backlog.oldest(7.0) == 0.0
    backlog.put([make_item(1)], 5.0)
    backlog.put([make_item(2)], 6.0)
    assert backlog.oldest(7.0) == 2.0
    backlog.take(1, 1000)
    assert backlog.oldest(7.0) == 1.0
    backlog.put_first([make_item(1)], 4.5)
    assert backlog.oldest(7.0) == 2.5
