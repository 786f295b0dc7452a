"""The bounded table of rows against a list that is searched from end to end."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.state.rows import Rows

keys = st.integers(0, 9).map(lambda number: f"key-{number}")
moments = st.integers(0, 9)


class RowsAgainstList(RuleBasedStateMachine):
    """Rows in the order of their last write, as a list of pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Rows[tuple[int, str]] = Rows(4)
        self.rows: list[tuple[str, tuple[int, str]]] = []
        self.capacity = 4
        self.evictions = 0

    @rule(key=keys, until=moments, now=moments)
    def put(self, key: str, until: int, now: int) -> None:
        row = (until, key)
        self.table.put(key, row, now)
        self.rows = [one for one in self.rows if one[0] != key] + [(key, row)]
        for _ in range(2):
            if len(self.rows) > self.capacity:
                self.evictions += self.rows.pop(0)[1][0] > now

    @rule(key=keys)
    def get(self, key: str) -> None:
        assert self.table.get(key) == dict(self.rows).get(key)

    @rule(capacity=st.integers(1, 6))
    def resize(self, capacity: int) -> None:
        self.table.resize(capacity)
        self.capacity = capacity

    @invariant()
    def is_the_same(self) -> None:
        assert [*self.table] == [key for key, _ in self.rows]
        assert (len(self.table), self.table.evictions) == (len(self.rows), self.evictions)


TestRowsAgainstList = RowsAgainstList.TestCase
TestRowsAgainstList.settings = settings(max_examples=40, stateful_step_count=40)


def test_a_table_without_room_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        Rows(0)
