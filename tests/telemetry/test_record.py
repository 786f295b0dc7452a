from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.record import ExchangeRecord, RecordRing
from tests.telemetry.records import make_record


def record(number: int) -> ExchangeRecord:
    return make_record(started=float(number))


def test_records_come_out_in_the_order_they_went_in() -> None:
    ring = RecordRing(8)
    for number in range(5):
        ring.append(record(number))
    assert [each.started for each in ring.drain(3)] == [0.0, 1.0, 2.0]
    assert [each.started for each in ring.drain(10)] == [3.0, 4.0]
    assert ring.drain(10) == []


def test_a_full_ring_loses_the_oldest_and_counts_it() -> None:
    ring = RecordRing(3)
    for number in range(5):
        ring.append(record(number))
    assert ring.dropped == 2
    assert [each.started for each in ring.drain(10)] == [2.0, 3.0, 4.0]


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        RecordRing(0)


@given(st.integers(1, 6), st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=60))
def test_every_record_is_drained_held_or_counted_as_dropped(
    capacity: int, steps: list[int | None]
) -> None:
    ring = RecordRing(capacity)
    appended = 0
    drained: list[float] = []
    for step in steps:
        if step is None:
            ring.append(record(appended))
            appended += 1
        else:
            drained += [each.started for each in ring.drain(step)]
        assert len(ring) <= capacity
        assert len(drained) + ring.dropped + len(ring) == appended
    assert drained == sorted(set(drained))
