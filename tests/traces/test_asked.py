from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.traces.asked import (
    LOOKBACK_NANOSECONDS,
    Misasked,
    duration_of,
    trace_id_of,
    trace_ids_of,
    wanted_of,
)

NOW = 1_794_355_200_000_000_000
PARAMETERS = (
    "service", "operation", "tags", "tag", "start", "end", "minDuration", "maxDuration", "limit",
    "lookback",
)  # fmt: skip
MANY = json.dumps({str(number): "" for number in range(20)})


def test_ids_of_half_the_length_are_padded() -> None:
    assert trace_id_of("3FA414EDCEF6AD90") == "00000000000000003fa414edcef6ad90"
    assert trace_id_of(" 4bf92f3577b34da6a3ce929d0e0e4736") == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace_ids_of({"traceID": ["a", "A", "b"]}) == ["a".rjust(32, "0"), "b".rjust(32, "0")]
    assert trace_ids_of({}) == []


@pytest.mark.parametrize("text", ["", "x", "0" * 32, "a" * 33, "a/b", "٤", "-1", "a b"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(Misasked, match="is no trace id: write up to 32 hexadecimal digits"):
        trace_id_of(text)


def test_what_grafana_asks() -> None:
    wanted = wanted_of(
        {
            "service": ["order"],
            "operation": ["GET stock"],
            "tags": ['{"http.response.status_code":"503","error":"true"}'],
            "minDuration": ["1.5ms"],
            "maxDuration": ["1m30s"],
            "start": ["1794351600000000"],
            "end": ["1794355200000000"],
            "lookback": ["custom"],
            "limit": ["7"],
        },
        NOW,
    )
    assert (wanted.service, wanted.operation, wanted.limit) == ("order", "GET stock", 7)
    assert wanted.tags == {"http.response.status_code": "503", "error": "true"}
    assert (wanted.start, wanted.end) == (NOW - 3600 * 10**9, NOW)
    assert (wanted.shortest, wanted.longest) == (1_500_000, 90 * 10**9)


def test_what_is_not_said() -> None:
    wanted = wanted_of({"service": ["order"], "tag": ["a:b:c"]}, NOW)
    assert (wanted.start, wanted.end) == (NOW - LOOKBACK_NANOSECONDS, NOW)
    assert (wanted.limit, wanted.shortest, wanted.longest) == (20, 0, 0)
    assert wanted.tags == {"a": "b:c"}
    assert wanted_of({"service": ["x"], "lookback": ["2h"]}, NOW).start == NOW - 7200 * 10**9
    # Its server side asks in milliseconds.
    assert wanted_of({"service": ["x"], "start": ["1794351600000"]}, NOW).start == NOW - 36 * 10**11
    assert wanted_of({"service": ["x"], "limit": ["100000"]}, NOW).limit == 200


@pytest.mark.parametrize(
    "parameters, sentence",
    [
        ({"service": ""}, "name a service: service=NAME"),
        ({"start": "yesterday"}, "start=yesterday is no time: write microseconds since 1970"),
        ({"end": "1" * 17}, "is no time"),
        ({"start": "1794355200000000", "end": "1794351600000000"}, "start is later than end"),
        ({"minDuration": "5"}, "minDuration=5 is no duration: write one such as 100ms"),
        ({"maxDuration": "5 ms"}, "maxDuration=5 ms is no duration"),
        ({"minDuration": "2s", "maxDuration": "1s"}, "maxDuration is less than minDuration"),
        ({"lookback": "ever"}, "lookback=ever is no duration"),
        ({"limit": "0"}, "limit=0 is no number of traces: write 1 to 200"),
        ({"limit": "many"}, "limit=many"),
        ({"limit": "٤"}, "is no number"),
        ({"tag": "a"}, "tag=a is no tag: write NAME:VALUE"),
        ({"tags": "a=b"}, "tags are no JSON"),
        ({"tags": '{"a": 1}'}, 'write {"NAME": "VALUE"}, both in quotes'),
        ({"tag": "a:b", "tags": MANY}, "no more than 20 tags"),
    ],
)
def test_what_means_nothing(parameters: Mapping[str, str], sentence: str) -> None:
    given = {"service": ["order"], **{name: [value] for name, value in parameters.items()}}
    with pytest.raises(Misasked) as told:
        wanted_of(given, NOW)
    assert sentence in str(told.value)


def test_no_more_traces_than_may_be() -> None:
    with pytest.raises(Misasked, match="no more than 200 traces"):
        trace_ids_of({"traceID": [f"{number:x}" for number in range(1, 300)]})


@pytest.mark.parametrize(
    "text, nanoseconds",
    [("1ns", 1), ("1us", 1000), ("1µs", 1000), ("100ms", 10**8), ("1h30m", 5400 * 10**9),
     ("0.5d", 43200 * 10**9)],
)  # fmt: skip
def test_durations(text: str, nanoseconds: int) -> None:
    assert duration_of(text, "x") == nanoseconds


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.lists(st.text(), max_size=2)))
def test_whatever_is_asked_is_understood_or_refused(parameters: dict[str, Sequence[str]]) -> None:
    try:
        wanted = wanted_of({"service": ["x"], **parameters}, NOW)
    except Misasked:
        return
    assert wanted.start <= wanted.end
    assert 1 <= wanted.limit <= 200
