from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticCustomError

from sidecar.model.quantities import (
    ByteRate,
    Duration,
    Percent,
    Rate,
    Size,
    parse_byte_rate,
    parse_duration,
    parse_percent,
    parse_rate,
    parse_size,
)


def _hint(parse: Callable[[object], object], value: object) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        parse(value)
    return str((caught.value.context or {})["hint"])


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("250ms", 0.25),
        ("2s", 2),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("1d2h3m4s5ms", 93784.005),
        ("3650d", 3650 * 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    ["", "s", "2", "2 s", "30m1h", "1h1h", "-2s", "2S", "1e3s", "٢s", "2s\n", None, True, [], {}],
)
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_duration(value)
    assert caught.value.type == "bad-duration"


@pytest.mark.parametrize("text", ["0s", "0ms", "3651d", "99999999999999d"])
def test_durations_of_nothing_and_of_ages_are_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="between nothing and 3650d"):
        parse_duration(text)


@pytest.mark.parametrize(
    "value, meant",
    [
        (30, "30s"),
        ("30", "30s"),
        ("2 sec", "2s"),
        ("5 minutes", "5m"),
        ("100msec", "100ms"),
        ("2S", "2s"),
        ("1h 30m", "1h30m"),
    ],
)
def test_what_duration_was_meant(value: object, meant: str) -> None:
    assert _hint(parse_duration, value).endswith(f"did you mean {meant}?")
    parse_duration(meant)


@pytest.mark.parametrize(
    "text, rate",
    [
        ("5/s", Rate(5, 1)),
        ("1/10s", Rate(1, 10)),
        ("600/m", Rate(600, 60)),
        ("0.5/s", Rate(0.5, 1)),
        ("100 requests/h", Rate(100, 3600)),
        ("20000 units/m", Rate(20000, 60, "units")),
        ("1 unit/100ms", Rate(1, 0.1, "units")),
    ],
)
def test_rates(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


def test_a_rate_per_second() -> None:
    assert parse_rate("600/m").per_second == 10
    assert parse_rate("1/10s").per_second == 0.1


@pytest.mark.parametrize(
    "value", ["", "5", "/s", "5/", "5/1", "-5/s", "5/s/s", "5/w", "five/s", "5 apples/s", None, []]
)
def test_what_is_no_rate(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_rate(value)
    assert caught.value.type == "bad-rate"


@pytest.mark.parametrize("text", ["0/s", "5/0s", "1e9/s", "9999999999999/s"])
def test_rates_of_nothing_and_of_everything_are_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_rate(text)


@pytest.mark.parametrize(
    "value, meant",
    [
        ("5/sek", "5/s"),
        ("5/sec", "5/s"),
        ("5/second", "5/s"),
        ("5 per second", "5/s"),
        ("5 / s", "5/s"),
        ("100rps", "100/s"),
        ("600/minute", "600/m"),
        (5, "5/s"),
    ],
)
def test_what_rate_was_meant(value: object, meant: str) -> None:
    assert _hint(parse_rate, value).endswith(f"did you mean {meant}?")
    parse_rate(meant)


@pytest.mark.parametrize("text, share", [("0%", 0), ("0.1%", 0.001), ("50 %", 0.5), ("100%", 1)])
def test_percentages(text: str, share: float) -> None:
    assert parse_percent(text) == pytest.approx(share)


@pytest.mark.parametrize("value", ["101%", "-1%", "%", "50", 0.5, 50, "1e1%", None])
def test_what_is_no_percentage(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_percent(value)
    assert caught.value.type == "bad-percentage"


def test_what_percentage_was_meant() -> None:
    assert _hint(parse_percent, 50).endswith("did you mean 50%?")
    # 0.5 may be half a percent or half of all: nobody can tell.
    assert "did you mean" not in _hint(parse_percent, 0.5)


@pytest.mark.parametrize(
    "text, size", [("100B", 100), ("8KiB", 8192), ("64 MiB", 64 << 20), ("4GiB", 4 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("value", ["", "0B", "8", "8KB", "1.5GiB", "-8KiB", "9999999TiB", None, 8])
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_size(value)
    assert caught.value.type == "bad-size"


@pytest.mark.parametrize(
    "value, meant", [("64MB", "64MiB"), ("8k", "8KiB"), ("4 gb", "4GiB"), (512, "512B")]
)
def test_what_size_was_meant(value: object, meant: str) -> None:
    assert _hint(parse_size, value).endswith(f"did you mean {meant}?")
    parse_size(meant)


@pytest.mark.parametrize(
    "text, rate", [("100B/s", 100), ("1MiB/s", 1 << 20), ("6KiB/m", 102.4), ("3600B/h", 1)]
)
def test_byte_rates(text: str, rate: float) -> None:
    assert parse_byte_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("value", ["", "100B", "100/s", "100B/ms", "0B/s", 100, None])
def test_what_is_no_byte_rate(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_byte_rate(value)
    assert caught.value.type == "bad-byte-rate"


@pytest.mark.parametrize(
    "value, meant", [(100, "100B/s"), ("100B", "100B/s"), ("1MB/s", "1MiB/s"), ("8k/m", "8KiB/m")]
)
def test_what_byte_rate_was_meant(value: object, meant: str) -> None:
    assert _hint(parse_byte_rate, value).endswith(f"did you mean {meant}?")
    parse_byte_rate(meant)


_PARSERS = [parse_duration, parse_rate, parse_percent, parse_size, parse_byte_rate]
_LOOKALIKES = st.text("0123456789./ %BKMGTibsmhd-+e\n", max_size=12)


@given(st.sampled_from(_PARSERS), st.one_of(_LOOKALIKES, st.text(max_size=20)))
def test_any_text_is_read_or_refused_with_a_hint_that_can_be_read(
    parse: Callable[[object], object], text: str
) -> None:
    try:
        parse(text)
    except PydanticCustomError as error:
        meant = re.search(r"did you mean (.*)\?$", str((error.context or {})["hint"]))
        if meant:
            parse(meant[1])


@given(
    st.sampled_from([Duration, Rate, Percent, Size, ByteRate]),
    st.one_of(_LOOKALIKES, st.sampled_from(["1h30m", "5/s", "50%", "8KiB", "100B/s"])),
)
def test_what_is_read_fits_the_pattern_that_editors_check(kind: Any, text: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    try:
        adapter.validate_python(text)
    except ValueError:
        return
    assert re.search(adapter.json_schema()["pattern"], text)


def test_the_examples_for_editors_can_be_read() -> None:
    class Example(BaseModel):
        duration: Duration
        rate: Rate
        percent: Percent
        size: Size
        byte_rate: ByteRate

    parsers = dict(zip(Example.model_fields, _PARSERS, strict=True))
    for name, schema in Example.model_json_schema()["properties"].items():
        assert schema["description"]
        for example in schema["examples"]:
            parsers[name](example)
            assert re.search(schema["pattern"], example)


def test_nothing_is_not_proposed_for_a_duration() -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse_duration("0M")
    assert "did you mean" not in str((raised.value.context or {})["hint"])
