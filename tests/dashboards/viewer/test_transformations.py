"""What is made of frames before they are drawn."""

from __future__ import annotations

import pytest

from dashboards.viewer.frames import VALUE, Field, Frame
from dashboards.viewer.transformations import transformed

FIRST = Frame("A", [Field("service", ["order", "shop"]), Field(VALUE, [1.0, 2.0])])
SECOND = Frame("B", [Field("service", ["shop", "stock"]), Field(VALUE, [20.0, 30.0])])


def _rows(frame: Frame) -> list[tuple[object, ...]]:
    return list(zip(*(one.values for one in frame.fields), strict=True))


def test_rows_with_the_same_labels_become_one() -> None:
    [frame] = transformed([FIRST, SECOND], [{"id": "merge"}])
    assert [one.name for one in frame.fields] == ["service", "Value #A", "Value #B"]
    assert _rows(frame) == [("order", 1.0, None), ("shop", 2.0, 20.0), ("stock", None, 30.0)]


def test_columns_are_left_out_renamed_and_ordered() -> None:
    options = {
        "excludeByName": {"service": False, "gone": True},
        "renameByName": {"Value": "Requests"},
        "indexByName": {"Value": 0, "service": 1},
    }
    [frame] = transformed([FIRST], [{"id": "organize", "options": options}])
    assert [one.name for one in frame.fields] == ["Requests", "service"]


def test_rows_are_sorted_and_cut() -> None:
    steps = [
        {"id": "sortBy", "options": {"sort": [{"field": VALUE, "desc": True}]}},
        {"id": "limit", "options": {"limitField": 1}},
    ]
    assert _rows(transformed([FIRST], steps)[0]) == [("shop", 2.0)]


def test_what_is_switched_off_does_nothing() -> None:
    assert transformed([FIRST], [{"id": "whatever", "disabled": True}]) == [FIRST]


def test_a_step_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="whatever"):
        transformed([FIRST], [{"id": "whatever"}])
