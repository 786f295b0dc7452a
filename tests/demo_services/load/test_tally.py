from __future__ import annotations

import pytest

from demo_services.load.answer import Answer
from demo_services.load.plan import Client, Plan, Step
from demo_services.load.tally import Tally

CLIENT = Client(
    name="one",
    steps=(
        Step(phase="quiet", seconds=2, per_second=1),
        Step(phase="burst", seconds=1, per_second=1),
        Step(phase="burst", seconds=3, per_second=9),
    ),
)
PLAN = Plan(host="h", port=1, clients=(CLIENT,), refusals_carry=("Retry-After", "x-id"))


def _answer(status: int, *fields: bytes, body: bytes = b"") -> Answer:
    return Answer(status, b"\r\n".join([b"HTTP/1.1 %d X" % status, *fields]), body, closes=False)


def test_outcomes_go_to_the_phase_of_the_scheduled_moment() -> None:
    tally = Tally(CLIENT, PLAN)
    early = tally.offer("quiet")
    late = tally.offer("burst")
    # The answer to the early one comes when the burst has begun.
    tally.answered(late, _answer(200), 0.010)
    tally.answered(early, _answer(201), 0.500)
    quiet, burst = tally.reports()
    assert (quiet.phase, quiet.seconds, quiet.statuses) == ("quiet", 2, {201: 1})
    assert quiet.admitted.p50_ms == pytest.approx(500, rel=0.01)
    assert (burst.phase, burst.seconds, burst.statuses) == ("burst", 4, {200: 1})
    assert burst.admitted.p50_ms == pytest.approx(10, rel=0.01)


def test_admitted_refused_and_failed_are_told_apart() -> None:
    tally = Tally(CLIENT, PLAN)
    sheet = tally.offer("quiet")
    for status in (200, 204, 304, 404, 429, 500):
        tally.offer("quiet")
        tally.answered(sheet, _answer(status), 0.001)
    tally.failed(sheet, "timeout")
    quiet = tally.reports()[0]
    assert quiet.offered == 7
    assert quiet.admitted.count == 3
    assert quiet.refused.count == 1
    assert quiet.failed == 3
    assert quiet.errors == {"timeout": 1}


def test_marked_answers_are_counted_besides() -> None:
    plan = Plan(host="h", port=1, clients=(CLIENT,), marks=("X-Degraded",))
    tally = Tally(CLIENT, plan)
    sheet = tally.offer("quiet")
    for status, field in ((200, b"x-degraded: stock"), (200, b"a: b"), (500, b"x-degraded: x")):
        tally.answered(sheet, _answer(status, field), 0.001)
    second = tally.end_second(0)
    assert (second.admitted, second.marked, second.failed) == (2, 1, 1)
    assert tally.end_second(0).marked == 0
    assert tally.reports()[0].marked == 1


@pytest.mark.parametrize(
    "fields,incomplete",
    [
        ((b"retry-after: 1", b"X-Id: 7"), 0),
        ((b"Retry-After: 1",), 1),
        ((b"X-Id: Retry-After: 1",), 1),
        ((), 1),
    ],
)
def test_refusals_that_lack_a_field_are_counted(fields: tuple[bytes, ...], incomplete: int) -> None:
    tally = Tally(CLIENT, PLAN)
    tally.answered(tally.offer("quiet"), _answer(429, *fields), 0.001)
    assert tally.reports()[0].refusals_incomplete == incomplete


def test_the_first_refusal_and_the_first_failure_are_kept() -> None:
    tally = Tally(CLIENT, PLAN)
    sheet = tally.offer("quiet")
    tally.answered(sheet, _answer(429, b"X-Id: 7", body=b"slow down"), 0.001)
    tally.answered(sheet, _answer(429, b"X-Id: 8", body=b"later"), 0.001)
    tally.answered(sheet, _answer(502, body=b"\xff"), 0.001)
    assert tally.refusal is not None
    assert (tally.refusal.client, tally.refusal.body) == ("one", "slow down")
    assert tally.refusal.field("x-id") == "7"
    assert tally.refusal.field("x-other") is None
    assert tally.failure is not None
    assert (tally.failure.status, tally.failure.body) == (502, "�")


def test_a_second_has_what_happened_in_it() -> None:
    tally = Tally(CLIENT, PLAN)
    sheet = tally.offer("burst")
    for milliseconds in range(1, 101):
        tally.answered(sheet, _answer(200), milliseconds / 1000)
    tally.answered(sheet, _answer(429), 0.001)
    tally.answered(sheet, _answer(500), 0.001)
    tally.failed(sheet, "closed")
    second = tally.end_second(outstanding=4)
    assert (second.client, second.phase, second.offered) == ("one", "burst", 1)
    assert (second.admitted, second.refused, second.failed) == (100, 1, 2)
    assert second.p50_ms == pytest.approx(50)
    assert second.p99_ms == pytest.approx(99)
    assert second.outstanding == 4


def test_the_next_second_begins_at_nothing() -> None:
    tally = Tally(CLIENT, PLAN)
    tally.answered(tally.offer("burst"), _answer(200), 0.001)
    tally.end_second(outstanding=0)
    second = tally.end_second(outstanding=0)
    assert (second.offered, second.admitted, second.p50_ms, second.p99_ms) == (0, 0, 0, 0)
    assert second.phase == "burst"
