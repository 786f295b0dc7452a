from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from sidecar.model.status_range import parse_statuses


@pytest.mark.parametrize(
    "value, first, last", [(200, 200, 200), ("200-299", 200, 299), ("503", 503, 503)]
)
def test_statuses(value: object, first: int, last: int) -> None:
    assert parse_statuses(value) == (first, last)


@pytest.mark.parametrize(
    "value, hint",
    [
        ("2xx", "did you mean 200-299?"),
        ("4XX", "did you mean 400-499?"),
        ("299-200", "write a status such as 200"),
        (101, "write a status"),
        (600, "write a status"),
        ("200-", "write a status"),
        (True, "write a status"),
        (None, "write a status"),
        ([200], "write a status"),
    ],
)
def test_what_is_no_status(value: object, hint: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_statuses(value)
    assert caught.value.type == "bad-status"
    assert hint in str(caught.value.context)
