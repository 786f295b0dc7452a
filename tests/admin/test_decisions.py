from __future__ import annotations

import asyncio

from sidecar.admin.decisions import (
    KEPT,
    LISTENERS_AT_MOST,
    QUEUED,
    RECENT,
    TRACED,
    Decisions,
)
from sidecar.telemetry.evidence import Evidence
from sidecar.telemetry.record import ExchangeRecord, Keep
from tests.telemetry.records import make_record


def everything(record: ExchangeRecord) -> bool:
    del record
    return True


def numbered(number: int, **changes: object) -> ExchangeRecord:
    return make_record(span_id=b"%016x" % number, started=float(number), **changes)


def test_what_is_notable_is_not_pushed_out_by_what_passes() -> None:
    decisions = Decisions()
    decisions.feed([numbered(0, reason="rate_limited", status=429)])
    decisions.feed([numbered(1, evidence=Evidence(None, ()))])
    decisions.feed([numbered(2, status=502)])
    decisions.feed([numbered(10 + number) for number in range(2 * RECENT)])
    assert [decisions.find(b"%016x" % number) is not None for number in range(3)] == [True] * 3
    assert decisions.find(b"%016x" % 10) is None
    assert decisions.find(b"%016x" % (9 + 2 * RECENT)) is not None


def test_no_more_is_remembered_than_is_needed() -> None:
    decisions = Decisions()
    decisions.feed([numbered(number, status=503) for number in range(KEPT + 10)])
    assert len(decisions.last(everything, 10**6, also_admitted=False)) == KEPT
    long = numbered(1, target=b"/" + b"x" * 8000, status=503)
    decisions.feed([long])
    found = decisions.find(long.span_id)
    assert found is not None
    assert len(found.target) < 600


def test_the_latest_comes_first_whatever_became_of_it() -> None:
    decisions = Decisions()
    decisions.feed([numbered(1, status=503), numbered(2), numbered(3, status=503), numbered(4)])
    found = decisions.last(everything, 3, also_admitted=True)
    assert [one.started for one in found] == [4.0, 3.0, 2.0]
    notable = decisions.last(everything, 3, also_admitted=False)
    assert [one.started for one in notable] == [3.0, 1.0]


async def test_a_listener_hears_what_he_wants_from_now_on() -> None:
    decisions = Decisions()
    decisions.feed([numbered(1)])
    listener = decisions.listen(lambda one: one.started > 2)
    assert listener is not None
    decisions.feed([numbered(2), numbered(3), numbered(4)])
    records, lost = await listener.take(1.0)
    assert ([one.started for one in records], lost) == ([3.0, 4.0], 0)
    assert await listener.take(0.0) == ([], 0)
    decisions.leave(listener)
    decisions.feed([numbered(5)])
    assert await listener.take(0.0) == ([], 0)


async def test_who_is_slow_loses_the_oldest_and_is_told_how_many() -> None:
    decisions = Decisions()
    listener = decisions.listen(everything)
    assert listener is not None
    decisions.feed([numbered(number) for number in range(QUEUED + 7)])
    records, lost = await listener.take(1.0)
    assert (len(records), lost) == (QUEUED, 7)
    assert records[0].started == 7.0
    decisions.feed([numbered(1)])
    assert (await listener.take(1.0))[1] == 0


async def test_a_listener_is_woken() -> None:
    decisions = Decisions()
    listener = decisions.listen(everything)
    assert listener is not None
    loop = asyncio.get_running_loop()
    loop.call_soon(decisions.feed, [numbered(1)])
    records, _ = await listener.take(5.0)
    assert len(records) == 1


def test_only_so_many_may_listen() -> None:
    decisions = Decisions()
    listeners = [decisions.listen(everything) for _ in range(LISTENERS_AT_MOST)]
    assert decisions.listen(everything) is None
    assert listeners[0] is not None
    decisions.leave(listeners[0])
    assert decisions.listen(everything) is not None


def test_what_was_decided_a_moment_ago_is_known_when_somebody_asks() -> None:
    decisions = Decisions()
    late = [make_record(status=429, reason="rate_limited", span_id=b"00f067aa0ba902b7")]

    def catch_up() -> None:
        decisions.feed(late)
        late.clear()

    decisions.catch_up = catch_up
    assert decisions.find(b"00f067") is not None


def test_traces_that_are_kept_are_not_pushed_out_by_those_that_are_not() -> None:
    decisions = Decisions()
    decisions.feed([numbered(number, kept=Keep.SAMPLED) for number in range(TRACED + 10)])
    decisions.feed([numbered(10_000 + number) for number in range(2 * RECENT)])
    assert decisions.find(b"%016x" % 9) is None
    assert decisions.find(b"%016x" % 10) is not None
    assert len([*decisions.remembered()]) == TRACED + RECENT
