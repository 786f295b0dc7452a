from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.attributes import ATTRIBUTES
from sidecar.telemetry.exchange_attributes import exchange_attributes, milliseconds, since
from tests.telemetry.exchanges import OFFSET, PLAIN, any_record
from tests.telemetry.records import make_record

_TYPES = {"string": str, "int": int, "double": float, "string[]": list}


@given(any_record())
def test_each_name_is_always_of_its_type(record: object) -> None:
    types = {one.name: _TYPES[one.type] for one in ATTRIBUTES}
    told = exchange_attributes(record)  # type: ignore[arg-type]  # what the strategy makes
    assert told
    for name, value in told.items():
        assert type(value) is types[name], name


def test_what_is_not_known_is_not_told() -> None:
    told = exchange_attributes(make_record(status=0, attempts=0, endpoint="", host=b"shop"))
    absent = {"http.response.status_code", "sidecar.attempts", "server.port", "error.type"}
    assert not absent & set(told)
    assert told["http.response.body.size"] == 201


def test_no_bytes_are_a_number_too() -> None:
    assert exchange_attributes(PLAIN)["http.request.body.size"] == 0


@given(st.floats(0.0, 1e8), st.floats(0.0, 1e4))
def test_distances_within_an_exchange_are_exact(started: float, seconds: float) -> None:
    record = make_record(started=started)
    moment = started + seconds
    distance = since(record, moment, OFFSET) - since(record, started, OFFSET)
    assert distance == round((moment - started) * 1e9)


def test_nothing_of_an_exchange_comes_before_it() -> None:
    record = make_record(started=10.0)
    assert since(record, 9.0, OFFSET) == since(record, 10.0, OFFSET)


def test_milliseconds_are_told_to_the_microsecond() -> None:
    assert milliseconds(0.000210) == 0.21
