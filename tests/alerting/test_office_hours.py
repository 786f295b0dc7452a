from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.alerting.office_hours import OfficeHours, parse_office_hours

_WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def is_muted(hours: OfficeHours, moment: dt.datetime) -> bool:
    """As Alertmanager decides it: in one of the intervals, by its weekdays and times."""
    for interval in hours.outside():
        local = moment.astimezone(ZoneInfo(interval["location"]))
        times = interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
        begins = any(
            one["start_time"] <= f"{local:%H:%M}" < one["end_time"].replace("24:00", "99")
            for one in times
        )
        if begins and any(_within(days, local.isoweekday() % 7) for days in interval["weekdays"]):
            return True
    return False


def _within(days: str, day: int) -> bool:
    first, _, last = days.partition(":")
    return _WEEK.index(first) <= day <= _WEEK.index(last or first)


def test_they_are_written_as_people_say_them() -> None:
    hours = parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin")
    assert hours == OfficeHours((0, 1, 2, 3, 4), 540, 1080, "Europe/Berlin")
    assert hours.outside() == [
        {
            "weekdays": ["monday:friday"],
            "times": [{"start_time": "00:00", "end_time": "09:00"}],
            "location": "Europe/Berlin",
        },
        {
            "weekdays": ["monday:friday"],
            "times": [{"start_time": "18:00", "end_time": "24:00"}],
            "location": "Europe/Berlin",
        },
        {"weekdays": ["sunday", "saturday"], "location": "Europe/Berlin"},
    ]


@pytest.mark.parametrize(
    "text,days,begin,end,zone",
    [
        ("monday-thursday,sat 8:30-24:00", (0, 1, 2, 3, 5), 510, 1440, "UTC"),
        ("fri-mon", (0, 4, 5, 6), 0, 1440, "UTC"),
        ("sun  10:00 - 16:00  Asia/Shanghai", (6,), 600, 960, "Asia/Shanghai"),
        ("mon-sun 09:00-18:00", (0, 1, 2, 3, 4, 5, 6), 540, 1080, "UTC"),
    ],
)
def test_other_forms(text: str, days: tuple[int, ...], begin: int, end: int, zone: str) -> None:
    assert parse_office_hours(text) == OfficeHours(days, begin, end, zone)


@pytest.mark.parametrize(
    "text,wrong",
    [
        ("", "are no office hours"),
        ("9 to 5", "are no office hours"),
        ("mon-fri 9-18", "are no office hours"),
        ("mon-fun 09:00-18:00", "'mon-fun' in .* names no day of the week"),
        ("mo-fr 09:00-18:00", "'mo-fr' in .* names no day of the week"),
        ("mon, 09:00-18:00", "names no day of the week"),
        ("mon-fri 22:00-06:00", "do not end after they begin"),
        ("mon-fri 09:00-24:30", "do not end after they begin"),
        ("mon-sun", "are all of the time"),
        ("mon-fri 09:00-18:00 Europe/Bonn", "'Europe/Bonn' is not a time zone"),
    ],
)
def test_what_is_wrong_with_them_is_said(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_office_hours(text)


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1440),
    st.integers(0, 1440),
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2030, 1, 1)),  # noqa: DTZ001 - UTC below
)
def test_tickets_are_muted_at_all_other_times(
    days: set[int], one: int, other: int, moment: dt.datetime
) -> None:
    begin, end = sorted((one, other))
    if begin == end or (len(days) == 7 and end - begin == 1440):
        return
    hours = OfficeHours(tuple(sorted(days)), begin, end, "Europe/Berlin")
    utc = moment.replace(tzinfo=dt.UTC)
    local = utc.astimezone(ZoneInfo("Europe/Berlin"))
    at_work = local.weekday() in days and begin <= local.hour * 60 + local.minute < end
    assert is_muted(hours, utc) == (not at_work)
