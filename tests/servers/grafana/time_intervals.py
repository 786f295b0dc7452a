"""Time intervals as Alertmanager reads and writes them: ``alertmanager/timeinterval``."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable

from tests.servers.grafana.exchange import Json, RefusedError, refuse_unless

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def rewritten_interval(interval: Json) -> Json:
    """The interval as it comes back, without what is empty; refuses what makes no sense."""
    parts: dict[str, Callable[[str], str]] = {
        "weekdays": _weekdays,
        "days_of_month": _days_of_month,
        "months": _months,
        "years": _years,
    }
    written: Json = {}
    if interval.get("times"):
        written["times"] = [_times(one) for one in interval["times"]]
    for name, rewrite in parts.items():
        if interval.get(name):
            written[name] = [rewrite(text) for text in interval[name]]
    if interval.get("location"):
        _check_location(interval["location"])
        written["location"] = interval["location"]
    return written


def _times(given: Json) -> Json:
    begin, end = given.get("start_time", ""), given.get("end_time", "")
    for text in (begin, end):
        _insist(_CLOCK.fullmatch(text), f"couldn't parse timestamp {text}, invalid format")
    _insist(begin < end, "start time cannot be equal or greater than end time")
    return {"start_time": begin, "end_time": end}


def _weekdays(text: str) -> str:
    begin, end = _range(text, _DAYS.index)
    _insist(begin <= end, f"{text}: start day cannot be after end day; weeks begin on Sunday")
    return _DAYS[begin] if begin == end else f"{_DAYS[begin]}:{_DAYS[end]}"


def _days_of_month(text: str) -> str:
    begin, end = _range(text, int)
    for day in (begin, end):
        _insist(day != 0 and -31 <= day <= 31, f"{day} is not a valid day of the month")
    _insist(begin > 0 or end < 0, "end day must be negative if start day is negative")
    fits = _from_start(begin) <= _from_start(end)
    _insist(fits, f"end day {end} is always before start day {begin}")
    return _numbers(begin, end)


def _from_start(day: int) -> int:
    return day if day > 0 else 28 + day


def _months(text: str) -> str:
    begin, end = _range(
        text, lambda word: _MONTHS.index(word) + 1 if word in _MONTHS else int(word)
    )
    _insist(1 <= begin <= end <= 12, f"{text}: end month is before start month")
    return _numbers(begin, end)


def _years(text: str) -> str:
    begin, end = _range(text, int)
    _insist(begin <= end, f"{text}: end year is before start year")
    return _numbers(begin, end)


def _range(text: str, member: Callable[[str], int]) -> tuple[int, int]:
    first, _, last = text.lower().partition(":")
    try:
        return member(first), member(last or first)
    except ValueError:
        raise RefusedError(400, f"couldn't parse range {text}, invalid format") from None


def _numbers(begin: int, end: int) -> str:
    return str(begin) if begin == end else f"{begin}:{end}"


def _check_location(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise RefusedError(400, f"unknown time zone {name}") from None


def _insist(condition: object, message: str) -> None:
    refuse_unless(condition, 400, f"Invalid format of the submitted time interval: {message}")
