from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic_core import PydanticCustomError

from sidecar.model.moments import Every, parse_moment


@pytest.mark.parametrize(
    "text, wall",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("2026-11-11T00:00:00+08:00", 1794326400),
        ("2026-11-10T16:00:00.5Z", 1794326400.5),
    ],
)
def test_the_same_instant_everywhere(text: str, wall: float) -> None:
    assert parse_moment(text).timestamp() == wall


@pytest.mark.parametrize(
    "value, problem",
    [
        ("2026-11-11T00:00:00", "does not say in which zone"),
        ("2026-11-11", "does not say in which zone"),
        ("tomorrow", "is not a moment"),
        (20261111, "is not a moment"),
        ("2026-13-01T00:00:00Z", "is not a moment"),
        (None, "is not a moment"),
    ],
)
def test_what_is_no_moment(value: object, problem: str) -> None:
    with pytest.raises(PydanticCustomError, match=problem):
        parse_moment(value)


def test_a_moment_is_read_once() -> None:
    moment = datetime(2026, 11, 11, tzinfo=UTC)
    assert parse_moment(moment) is moment


def test_a_week_has_seven_days() -> None:
    assert Every.WEEK.seconds == 7 * Every.DAY.seconds == 7 * 86400
