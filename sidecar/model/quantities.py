"""Amounts with their unit in the value: durations, rates, percentages, sizes.

A bare number is refused: nobody reading the file could tell what it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from sidecar.model.reading import shown, unreadable

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_TIME_UNIT = "ms|s|m|h|d"
_LONGEST_SECONDS = 3650 * _SECONDS["d"]
_LARGEST_AMOUNT = 1e12
_LARGEST_BYTES = 1 << 60
_MOST_REQUESTS = 10**9

_DURATION = re.compile(
    "".join(rf"(?:({_NUMBER}){unit})?" for unit in _SECONDS),
)
_RATE = re.compile(rf"({_NUMBER})(?: ?(requests?|units?))?/(?:({_NUMBER}))?({_TIME_UNIT})")
_PERCENT = re.compile(rf"({_NUMBER}) ?%")
_REQUESTS = re.compile(r"([0-9]+) requests?")
_SIZE = re.compile(r"([0-9]+) ?(B|KiB|MiB|GiB|TiB)")
_BYTE_RATE = re.compile(r"([0-9]+) ?(B|KiB|MiB|GiB|TiB)/(s|m|h)")

_DURATION_WRITTEN = "write a duration such as 250ms, 2s, 10m or 1h30m"
_RATE_WRITTEN = "write a rate as NUMBER/UNIT, such as 5/s, 1/10s or 600/m"
_PERCENT_WRITTEN = "write a percentage from 0% to 100%, such as 0.1%"
_REQUESTS_WRITTEN = "write a number of requests, such as 20 requests"
_SIZE_WRITTEN = "write a size such as 100B, 8KiB, 64MiB or 4GiB"
_BYTE_RATE_WRITTEN = "write bytes per time, such as 100B/s or 1MiB/s"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so long; ``unit`` is ``requests`` or ``units``."""

    amount: float
    per_seconds: float
    unit: str = "requests"

    @property
    def per_second(self) -> float:
        """The same rate as a number per second."""
        return self.amount / self.per_seconds

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read from text wherever a spec has a field of this type."""
        return core_schema.no_info_plain_validator_function(parse_rate)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The text form, for editors."""
        # Its receiver adds to it what is the field's own, such as a default.
        return _RATE_SCHEMA.copy()


def parse_duration(value: object) -> float:
    """``1h30m`` → 5400.0 seconds. Raises ``bad-duration``; nothing is not a duration."""
    text = _text(value)
    seconds = _seconds_of(text)
    if seconds is None:
        meant = _with_known_units(text) or (f"{text}s" if _is_number(text) else None)
        is_good = meant is not None and _is_duration(_seconds_of(meant))
        raise _refused(
            "bad-duration", "a duration", value, _DURATION_WRITTEN, meant if is_good else None
        )
    if not _is_duration(seconds):
        problem = f"{shown(value)} is not between nothing and 3650d"
        raise unreadable("bad-duration", problem, _DURATION_WRITTEN)
    return seconds


def _seconds_of(text: str) -> float | None:
    match = _DURATION.fullmatch(text) if text else None
    if match is None:
        return None
    return sum(
        float(number) * unit
        for number, unit in zip(match.groups(), _SECONDS.values(), strict=True)
        if number is not None
    )


def _is_duration(seconds: float | None) -> bool:
    return seconds is not None and 0 < seconds <= _LONGEST_SECONDS


def parse_rate(value: object) -> Rate:
    """``1/10s`` → ``Rate(1.0, 10.0)``. Raises ``bad-rate``; a rate of nothing is refused."""
    if isinstance(value, Rate):
        return value
    text = _text(value)
    match = _RATE.fullmatch(text)
    if match is None:
        meant = _with_known_units(text) or (f"{text}/s" if _is_number(text) else None)
        if meant is not None and _RATE.fullmatch(meant) is None:
            meant = None
        raise _refused("bad-rate", "a rate", value, _RATE_WRITTEN, meant)
    amount, unit, periods, period = match.groups()
    per_seconds = float(periods or 1) * _SECONDS[period]
    if not (0 < float(amount) <= _LARGEST_AMOUNT and 0 < per_seconds <= _LONGEST_SECONDS):
        raise unreadable("bad-rate", f"{shown(value)} lets nothing or everything", _RATE_WRITTEN)
    counted = "units" if unit and unit.startswith("unit") else "requests"
    return Rate(float(amount), per_seconds, counted)


def parse_percent(value: object) -> float:
    """``0.1%`` → 0.001. Raises ``bad-percentage`` outside of 0 % to 100 %."""
    text = _text(value)
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:
        meant = f"{text}%" if _is_number(text) and 1 <= float(text) <= 100 else None
        raise _refused("bad-percentage", "a percentage", value, _PERCENT_WRITTEN, meant)
    return float(match[1]) / 100


def parse_requests(value: object) -> int:
    """``20 requests`` → 20. Raises ``bad-count``."""
    text = _text(value)
    match = _REQUESTS.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= _MOST_REQUESTS:
        number = re.match(r"[1-9][0-9]{0,8}", text)
        meant = f"{number[0]} requests" if number else None
        raise _refused("bad-count", "a number of requests", value, _REQUESTS_WRITTEN, meant)
    return int(match[1])


def parse_size(value: object) -> int:
    """``8KiB`` → 8192 bytes. Raises ``bad-size``; units are powers of 1024 and say so."""
    text = _text(value)
    match = _SIZE.fullmatch(text)
    if match is None or not 0 < (size := int(match[1]) * _BYTES[match[2]]) <= _LARGEST_BYTES:
        raise _refused("bad-size", "a size", value, _SIZE_WRITTEN, _binary_units(text))
    return size


def parse_byte_rate(value: object) -> float:
    """``100B/s`` → 100.0 bytes per second. Raises ``bad-byte-rate``."""
    text = _text(value)
    match = _BYTE_RATE.fullmatch(text)
    if match is None or not 0 < (size := int(match[1]) * _BYTES[match[2]]) <= _LARGEST_BYTES:
        size_text, _, period = text.partition("/")
        meant = _binary_units(size_text, also_right=True)
        meant = f"{meant}/{period or 's'}" if meant else None
        meant = meant if meant and _BYTE_RATE.fullmatch(meant) else None
        raise _refused("bad-byte-rate", "bytes per time", value, _BYTE_RATE_WRITTEN, meant)
    return size / _SECONDS[match[3]]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    # A bare number is refused like any other text, but its hint can name the unit.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None and float(text) > 0


def _refused(code: str, what: str, value: object, expected: str, meant: str | None) -> Exception:
    return unreadable(code, f"{shown(value)} is not {what}", expected, meant)


_UNIT_WORDS = re.compile(r"([0-9./ ])\s*([A-Za-zµ]+)")


def _with_known_units(text: str) -> str | None:
    """``text`` with its unit words put as this language has them, when that makes it readable."""

    def known(found: re.Match[str]) -> str:
        word = found[2].lower()
        if word in {"request", "requests", "unit", "units"}:
            return found[0]
        if word.startswith(("ms", "milli")):
            return found[1] + "ms"
        return found[1] + word[0] if word[0] in _SECONDS else found[0]

    meant = _UNIT_WORDS.sub(known, text.replace(" per ", "/").replace("rps", "/s"))
    if meant != text and (_DURATION.fullmatch(meant) or _RATE.fullmatch(meant)):
        return meant
    meant = meant.replace(" ", "")
    if meant and meant != text and (_DURATION.fullmatch(meant) or _RATE.fullmatch(meant)):
        return meant
    return None


def _binary_units(text: str, *, also_right: bool = False) -> str | None:
    """``64MB`` → ``64MiB``; ``text`` itself when it is right and that was asked for."""
    if _SIZE.fullmatch(text):
        return text if also_right else None
    match = re.fullmatch(r"([0-9]+) ?([KMGT])?i?B?", text, re.IGNORECASE)
    if match is None or int(match[1]) == 0:
        return None
    return f"{match[1]}{match[2].upper()}iB" if match[2] else f"{match[1]}B"


def _schema(pattern: str, examples: list[str], description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"^{pattern}$",
        "examples": examples,
        "description": description,
    }


def _written(pattern: str, examples: list[str], description: str) -> WithJsonSchema:
    return WithJsonSchema(_schema(pattern, examples, description))


_RATE_SCHEMA = _schema(
    rf"{_NUMBER}( ?(requests?|units?))?/({_NUMBER})?({_TIME_UNIT})",
    ["5/s", "1/10s", "600/m"],
    "So many in so long: NUMBER/UNIT, with UNIT one of ms, s, m, h or d.",
)


#: Seconds.
Duration = Annotated[
    float,
    PlainValidator(parse_duration),
    _written(
        rf"({_NUMBER}d)?({_NUMBER}h)?({_NUMBER}m)?({_NUMBER}s)?({_NUMBER}ms)?",
        ["250ms", "2s", "10m", "1h30m"],
        "A length of time with its unit: ms, s, m, h or d.",
    ),
]
#: A share from 0.0 to 1.0.
Percent = Annotated[
    float,
    PlainValidator(parse_percent),
    _written(rf"{_NUMBER} ?%", ["0.1%", "50%"], "A share from 0% to 100%."),
]
RequestCount = Annotated[
    int,
    PlainValidator(parse_requests),
    _written(r"[0-9]+ requests?", ["20 requests"], "A number of requests."),
]
#: Bytes.
Size = Annotated[
    int,
    PlainValidator(parse_size),
    _written(
        r"[0-9]+ ?(B|KiB|MiB|GiB|TiB)",
        ["100B", "8KiB", "64MiB"],
        "An amount of bytes: B, KiB, MiB, GiB or TiB.",
    ),
]
#: Bytes per second.
ByteRate = Annotated[
    float,
    PlainValidator(parse_byte_rate),
    _written(
        r"[0-9]+ ?(B|KiB|MiB|GiB|TiB)/(s|m|h)",
        ["100B/s", "1MiB/s"],
        "An amount of bytes per s, m or h.",
    ),
]
