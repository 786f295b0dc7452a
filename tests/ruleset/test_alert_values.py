from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from sidecar.ruleset.alert_values import (
    Burn,
    Lateness,
    LookBack,
    RuleName,
    ShareAbove,
    parse_burn,
)

_WINDOWS = ["1m", "5m", "30m", "1h", "6h", "1d", "3d"]


def test_a_burn_rate_is_read() -> None:
    assert parse_burn("14.4x over 1h/5m") == Burn(14.4, 3600.0, 300.0)
    assert parse_burn("1 x over 3d / 6h") == Burn(1.0, 259_200.0, 21_600.0)


@given(st.integers(1, 999), st.sampled_from(_WINDOWS[1:]), st.sampled_from(_WINDOWS))
def test_the_second_window_is_the_shorter_one(factor: int, long: str, short: str) -> None:
    text = f"{factor}x over {long}/{short}"
    if _WINDOWS.index(short) < _WINDOWS.index(long):
        burn = parse_burn(text)
        assert (burn.factor, burn.short_seconds < burn.long_seconds) == (factor, True)
        return
    with pytest.raises(PydanticCustomError) as caught:
        parse_burn(text)
    assert caught.value.type == "bad-burn-rate"
    meant = f"{factor}x over {short}/{long}"
    assert (meant in caught.value.context["hint"]) is (short != long)  # type: ignore[index] # has one


@pytest.mark.parametrize(
    "value",
    [14.4, None, True, "14.4", "x over 1h/5m", "-1x over 1h/5m", "0x over 1h/5m", "9e9x over 1h/5m",
     "1000000x over 1h/5m", "2x over 1h", "2x over 1h/5", "2x over 1h/5min", "2x  over 1h/5m"],
)  # fmt: skip
def test_what_is_no_burn_rate(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_burn(value)
    assert caught.value.type == "bad-burn-rate"


@pytest.mark.parametrize(
    "kind, good, bad",
    [
        (ShareAbove, ["0%", "0.1%", "99.9%"], ["100%", "-1%", 0.5, 50]),
        (LookBack, ["5s", "5m", "30d"], ["4s", "31d", 300, ""]),
        (Lateness, ["1ms", "999ms"], ["1s", "5m", 1]),
        (RuleName, ["rate_limits/each", "trust/jwt"], ["each", "rate_limits/", "a/B", "a/b/c", 3]),
    ],
    ids=["share", "look back", "lateness", "rule"],
)
def test_what_may_stand(kind: Any, good: list[object], bad: list[object]) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    for value in good:
        adapter.validate_python(value)
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)
