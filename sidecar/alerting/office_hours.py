"""When people are at work: the times at which tickets are told."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from typing import Any, Final

import msgspec

MUTED_NAME: Final = "sidecar-outside-office-hours"
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHOLE_DAY: Final = 24 * 60
_WRITTEN: Final = re.compile(
    r"(?P<days>[a-z,-]+)"
    r"(?: (?P<from>[0-2]?[0-9]:[0-5][0-9]) ?- ?(?P<to>[0-2]?[0-9]:[0-5][0-9]))?"
    r"(?: (?P<zone>[A-Za-z][A-Za-z0-9_+/-]*))?"
)
_EXAMPLE: Final = 'write them like "mon-fri 09:00-18:00 Europe/Berlin"'


class OfficeHours(msgspec.Struct, frozen=True):
    """The same hours on each of some days of the week."""

    #: 0 is Monday.
    days: tuple[int, ...]
    from_minute: int
    to_minute: int
    zone: str

    def outside(self) -> list[dict[str, Any]]:
        """All other times, as time intervals of Alertmanager and of Grafana have them."""
        at_work = _ranges(self.days)
        off = _ranges(day for day in range(7) if day not in self.days)
        intervals = [
            {"weekdays": at_work, "times": [times], "location": self.zone}
            for begin, end in ((0, self.from_minute), (self.to_minute, _WHOLE_DAY))
            if begin < end
            for times in [{"start_time": _clock(begin), "end_time": _clock(end)}]
        ]
        return [*intervals, *([{"weekdays": off, "location": self.zone}] if off else [])]


def parse_office_hours(text: str) -> OfficeHours:
    """``mon-fri 09:00-18:00 Europe/Berlin``; without hours the whole day, without a zone UTC.

    Raises ValueError with a sentence that says what is wrong.
    """
    match = _WRITTEN.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError(f"{text!r} are no office hours; {_EXAMPLE}")
    begin, end = _minutes(match["from"] or "00:00"), _minutes(match["to"] or "24:00")
    if not begin < end <= _WHOLE_DAY:
        raise ValueError(f"{text!r} do not end after they begin; {_EXAMPLE}")
    days = tuple(sorted({day for part in match["days"].split(",") for day in _part(part, text)}))
    if len(days) == 7 and end - begin == _WHOLE_DAY:
        raise ValueError(f"{text!r} are all of the time: leave them out")
    return OfficeHours(days, begin, end, _zone(match["zone"] or "UTC"))


def _part(part: str, text: str) -> list[int]:
    first, _, last = part.partition("-")
    begin, end = _day(first), _day(last or first)
    if begin is None or end is None:
        raise ValueError(f"{part!r} in {text!r} names no day of the week; {_EXAMPLE}")
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _day(word: str) -> int | None:
    """The number of ``mon``, ``monday`` or what is between them."""
    fitting = [n for n, day in enumerate(_DAYS) if len(word) > 2 and day.startswith(word)]
    return fitting[0] if fitting else None


def _zone(name: str) -> str:
    known = zoneinfo.available_timezones()
    # Where this machine knows none, the server will say what it does not know.
    if known and name not in known:
        raise ValueError(f"{name!r} is not a time zone; {_EXAMPLE}")
    return name


def _ranges(days: Iterable[int]) -> list[str]:
    """``monday:friday``. A week begins on Sunday for those who read this."""
    ordered = sorted((day + 1) % 7 for day in days)
    runs: list[list[int]] = []
    for day in ordered:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    named = [[_DAYS[day - 1] for day in (run[0], run[-1])] for run in runs]
    return [first if first == last else f"{first}:{last}" for first, last in named]


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
