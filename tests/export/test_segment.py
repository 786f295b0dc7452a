from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.item import Signal
from sidecar.export.segment import read_items
from tests.export.items import make_item

ITEMS = [make_item(number, list(Signal)[number % 3], number * 7) for number in range(9)]
WHOLE = b"".join(one.data for one in ITEMS)


@given(st.integers(0, len(WHOLE)), st.integers(1, 12))
def test_what_is_whole_is_read_and_the_rest_waits(cut: int, most: int) -> None:
    found = read_items(WHOLE[:cut], most, is_end=False)
    assert found.items == ITEMS[: len(found.items)]
    assert found.end == sum(len(one.data) for one in found.items)
    assert not found.damaged
    are_enough = len(found.items) in {most, len(ITEMS)}
    assert are_enough or cut - found.end < len(ITEMS[len(found.items)].data)


@given(st.integers(0, len(WHOLE)))
def test_a_torn_end_is_one_damaged_document(cut: int) -> None:
    found = read_items(WHOLE[:cut], 100, is_end=True)
    whole = sum(len(one.data) for one in found.items)
    assert found.items == ITEMS[: len(found.items)]
    assert len(found.damaged) == (cut > whole)
    assert found.end == cut


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00\x00\n",
        b"\x00" * 50,
        b'{"half":"of a',
        b'{"create":{"_index":"logs-x"}}\n{"half":\n',
        b'{"create":{"_index":"other-x"}}\n{"a":1}\n',
        b'{"create":{"_index":"logs-x"}}\n17\n',
        b"\xff\xfe\n\n\n",
    ],
)
def test_documents_behind_something_else_are_found_again(garbage: bytes) -> None:
    first, second, third = ITEMS[:3]
    line = b"" if garbage.endswith(b"\n") else b"\n"
    data = first.data + garbage + line + second.data + third.data
    found = read_items(data, 100, is_end=True)
    assert found.items == [first, second, third]
    assert found.damaged == [first.signal]


@given(st.binary(max_size=300))
def test_whatever_stands_there_is_read_to_its_end(data: bytes) -> None:
    found = read_items(data, 100, is_end=True)
    assert found.end == len(data)
