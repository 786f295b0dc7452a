"""What Grafana asks for, from the parameters of its questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from sidecar.traces.trace import TRACE_ID_DIGITS, Wanted

#: As Jaeger has it: how far back is searched when nothing is said.
LOOKBACK_NANOSECONDS: Final = 2 * 24 * 3600 * 1_000_000_000
_TRACES: Final = 20
_TRACES_AT_MOST: Final = 200
_TAGS_AT_MOST: Final = 20
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9,
}
_PART: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_ID: Final = re.compile(r"[0-9a-f]{1,32}", re.ASCII)
_Parameters = Mapping[str, Sequence[str]]


class Misasked(Exception):  # noqa: N818 - reads as what it says
    """A parameter means nothing; says which, and what would."""


def trace_id_of(text: str) -> str:
    """A trace's id of 32 digits; a short one is one of 64 bits. Raises ``Misasked``."""
    wanted = text.strip().lower()
    if not _ID.fullmatch(wanted) or not wanted.strip("0"):
        raise Misasked(
            f"'{text[:80]}' is no trace id: write up to 32 hexadecimal digits, not all 0"
        )
    return wanted.rjust(TRACE_ID_DIGITS, "0")


def trace_ids_of(parameters: _Parameters) -> list[str]:
    """The traces that are asked for by their ids, as Jaeger's own pages do. Raises ``Misasked``."""
    ids = [trace_id_of(one) for one in parameters.get("traceID", ())]
    if len(ids) > _TRACES_AT_MOST:
        raise Misasked(f"no more than {_TRACES_AT_MOST} traces are answered at once")
    return [*dict.fromkeys(ids)]


def wanted_of(parameters: _Parameters, now: int) -> Wanted:
    """Which traces are searched for; ``now`` in nanoseconds since 1970. Raises ``Misasked``."""
    service = _one(parameters, "service")
    if not service:
        raise Misasked("name a service: service=NAME")
    end = _moment(parameters, "end", now)
    back = _lookback(parameters)
    start = _moment(parameters, "start", end - back)
    shortest, longest = _lasting(parameters, "minDuration"), _lasting(parameters, "maxDuration")
    if longest and longest < shortest:
        raise Misasked("maxDuration is less than minDuration")
    if start > end:
        raise Misasked("start is later than end")
    return Wanted(
        service=service,
        operation=_one(parameters, "operation"),
        tags=_tags(parameters),
        start=start,
        end=end,
        shortest=shortest,
        longest=longest,
        limit=_limit(parameters),
    )


def _one(parameters: _Parameters, name: str) -> str:
    return next(iter(parameters.get(name, ())), "").strip()


def _moment(parameters: _Parameters, name: str, default: int) -> int:
    """Microseconds since 1970, or the milliseconds that Grafana sends in places."""
    text = _one(parameters, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Misasked(f"{name}={text[:40]} is no time: write microseconds since 1970")
    number = int(text)
    # As microseconds this would be 1973, as milliseconds it is the year 5138.
    return number * (1_000_000 if number < 10**14 else 1000)


def _lookback(parameters: _Parameters) -> int:
    text = _one(parameters, "lookback")
    if text in {"", "custom"}:
        return LOOKBACK_NANOSECONDS
    return duration_of(text, "lookback")


def _lasting(parameters: _Parameters, name: str) -> int:
    text = _one(parameters, name)
    return duration_of(text, name) if text else 0


def duration_of(text: str, name: str) -> int:
    """Nanoseconds of a duration such as ``1.2s``, ``100ms``, ``1h30m``. Raises ``Misasked``."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Misasked(f"{name}={text[:40]} is no duration: write one such as 100ms, 1.2s or 5m")
    return sum(round(float(number) * _UNITS[unit]) for number, unit in parts)


def _limit(parameters: _Parameters) -> int:
    text = _one(parameters, "limit") or str(_TRACES)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise Misasked(f"limit={text[:40]} is no number of traces: write 1 to {_TRACES_AT_MOST}")
    return min(int(text), _TRACES_AT_MOST)


def _tags(parameters: _Parameters) -> dict[str, str]:
    tags: dict[str, str] = {}
    for one in parameters.get("tag", ()):
        name, colon, value = one.partition(":")
        if not (name and colon):
            raise Misasked(f"tag={one[:80]} is no tag: write NAME:VALUE")
        tags[name] = value
    for many in parameters.get("tags", ()):
        try:
            tags.update(msgspec.json.decode(many or "{}", type=dict[str, str]))
        except (msgspec.DecodeError, UnicodeError) as error:
            why = 'tags are no JSON: write {"NAME": "VALUE"}, both in quotes'
            raise Misasked(f"{why} ({error})") from error
    if len(tags) > _TAGS_AT_MOST:
        raise Misasked(f"no more than {_TAGS_AT_MOST} tags can be asked for")
    return tags
