"""The bounded table against a list that is searched from end to end."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.state.table import Table

keys = st.integers(0, 12).map(lambda number: b"key-%d" % number)
numbers = st.integers(-5, 5).map(float)
MISSING = inf


class TableAgainstList(RuleBasedStateMachine):
    """Rows in the order of their last write, as a list of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(4)
        self.rows: list[tuple[bytes, float]] = []
        self.capacity = 4
        self.evictions = 0

    @rule(key=keys, number=numbers, spent=numbers)
    def put(self, key: bytes, number: float, spent: float) -> None:
        self.table.put(key, number, spent)
        self.rows = [row for row in self.rows if row[0] != key] + [(key, number)]
        for _ in range(2):
            if len(self.rows) > self.capacity:
                gone = self.rows.pop(0)
                self.evictions += gone[1] > spent

    @rule(key=keys)
    def get(self, key: bytes) -> None:
        assert self.table.get(key, MISSING) == dict(self.rows).get(key, MISSING)

    @rule(capacity=st.integers(1, 8))
    def resize(self, capacity: int) -> None:
        self.table.resize(capacity)
        self.capacity = capacity

    @invariant()
    def the_same_rows_are_there(self) -> None:
        assert len(self.table) == len(self.rows)
        for key, number in self.rows:
            assert self.table.get(key, MISSING) == number
        assert self.table.evictions == self.evictions


TestTableAgainstList = TableAgainstList.TestCase
TestTableAgainstList.settings = settings(max_examples=60, stateful_step_count=40)


def test_reading_a_row_does_not_save_it() -> None:
    table = Table(2)
    table.put(b"old", 1.0)
    table.put(b"new", 2.0)
    assert table.get(b"old", MISSING) == 1.0
    table.put(b"newest", 3.0)
    assert table.get(b"old", MISSING) == MISSING


def test_writing_a_row_again_saves_it() -> None:
    table = Table(2)
    for key in (b"first", b"second", b"first", b"third"):
        table.put(key, 1.0)
    assert table.get(b"first", MISSING) == 1.0
    assert table.get(b"second", MISSING) == MISSING


def test_a_row_that_tells_nothing_more_is_not_missed() -> None:
    table = Table(1)
    table.put(b"spent", 5.0)
    table.put(b"owing", 7.0, spent=5.0)
    assert table.evictions == 0
    table.put(b"next", 8.0, spent=6.0)
    assert table.evictions == 1


def test_a_smaller_capacity_takes_effect_a_row_with_each_write() -> None:
    table = Table(100)
    for number in range(100):
        table.put(b"%d" % number, 0.0)
    table.resize(10)
    lengths = []
    for _ in range(100):
        table.put(b"99", 0.0)
        lengths.append(len(table))
    assert lengths[:3] == [98, 96, 94]
    assert lengths[45:] == [10] * 55


def test_a_thousand_times_as_many_keys_leave_it_at_its_capacity() -> None:
    table = Table(50)
    for number in range(50_000):
        table.put(b"%d" % number, float(number))
    assert len(table) == 50
    assert table.evictions == 49_950
    assert [table.get(b"%d" % number, MISSING) for number in (49_949, 49_950)] == [inf, 49_950.0]


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_table_without_room_is_a_mistake(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        Table(capacity)
    table = Table(1)
    with pytest.raises(ValueError, match="at least one row"):
        table.resize(capacity)
