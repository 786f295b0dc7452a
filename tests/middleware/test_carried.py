from __future__ import annotations

import asyncio

import pytest

from sidecar.middleware.carried import DEADLINE, carried, carry, carrying


def test_outside_of_a_request_there_is_nothing_to_pass_on() -> None:
    assert carried() == {}


def test_inside_there_is_what_came_with_the_request() -> None:
    with carrying({"traceparent": "a"}):
        with carrying({"traceparent": "b"}):
            assert carried() == {"traceparent": "b"}
        assert carried() == {"traceparent": "a"}
    assert carried() == {}


def test_a_failing_request_leaves_nothing_behind() -> None:
    with pytest.raises(ValueError, match="x"), carrying({"traceparent": "a"}):
        raise ValueError("x")
    assert carried() == {}


def test_what_is_given_out_is_a_copy() -> None:
    with carrying({"traceparent": "a"}):
        carried()["traceparent"] = "b"
        assert carried() == {"traceparent": "a"}


@pytest.mark.parametrize(
    "received,passed_on",
    [
        ("850ms", "1700000000850"),
        ("1.5s", "1700000001500"),
        ("0ms", "1700000000000"),
        ("1767225600250", "1767225600250"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_deadline_becomes_its_moment(
    monkeypatch: pytest.MonkeyPatch, received: str, passed_on: str
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.0)
    with carrying({DEADLINE: received, "baggage": "850ms"}):
        assert carried() == {DEADLINE: passed_on, "baggage": "850ms"}
    carry({DEADLINE: received})
    assert carried() == {DEADLINE: passed_on}
    carry({})


async def test_tasks_do_not_see_one_anothers_fields() -> None:
    async def serve(value: str) -> dict[str, str]:
        carry({"traceparent": value})
        await asyncio.sleep(0)
        return carried()

    answers = await asyncio.gather(*(serve(str(number)) for number in range(5)))
    assert answers == [{"traceparent": str(number)} for number in range(5)]
    assert carried() == {}
