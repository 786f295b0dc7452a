from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sidecar.telemetry.metrics import RECORDS, Meters
from sidecar.telemetry.pump import INTERVAL_SECONDS, SLICE_RECORDS, RecordPump
from sidecar.telemetry.record import ExchangeRecord, RecordRing
from tests.telemetry.records import make_record


class VirtualLoop(asyncio.AbstractEventLoop):
    """Keeps what is to be called later, and calls it when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, asyncio.TimerHandle]] = []

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(delay, callback, args, self, context)
        self.waiting.append((delay, handle))
        return handle

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.waiting = [each for each in self.waiting if each[1] is not handle]

    def run_next(self) -> float:
        [(delay, handle)] = self.waiting
        self.waiting = []
        handle._run()
        return delay


class Sink:
    def __init__(self) -> None:
        self.slices: list[int] = []

    def __call__(self, records: Sequence[ExchangeRecord]) -> None:
        self.slices.append(len(records))


def filled(count: int, capacity: int = 10_000) -> RecordRing:
    ring = RecordRing(capacity)
    for _ in range(count):
        ring.append(make_record())
    return ring


def test_every_sink_gets_every_record_in_slices() -> None:
    one, two = Sink(), Sink()
    pump = RecordPump(filled(2 * SLICE_RECORDS + 5), Meters(), [one, two])
    assert [pump.turn(), pump.turn(), pump.turn(), pump.turn()] == [True, True, False, False]
    assert one.slices == two.slices == [SLICE_RECORDS, SLICE_RECORDS, 5]


def test_while_there_is_more_it_comes_back_at_once() -> None:
    loop, sink = VirtualLoop(), Sink()
    pump = RecordPump(filled(SLICE_RECORDS + 1), Meters(), [sink])
    pump.start(loop)
    assert [loop.run_next() for _ in range(3)] == [INTERVAL_SECONDS, 0.0, INTERVAL_SECONDS]
    assert sink.slices == [SLICE_RECORDS, 1]


def test_stopping_carries_what_is_left_and_ends() -> None:
    loop, sink = VirtualLoop(), Sink()
    pump = RecordPump(filled(3 * SLICE_RECORDS), Meters(), [sink])
    pump.start(loop)
    pump.stop()
    assert sum(sink.slices) == 3 * SLICE_RECORDS
    assert loop.waiting == []


def test_what_the_ring_lost_is_counted_once() -> None:
    meters, sink = Meters(), Sink()
    ring = filled(12, capacity=5)
    pump = RecordPump(ring, meters, [sink])
    pump.turn()
    pump.turn()
    assert meters.drops[RECORDS].counts["ring_full"] == 7
    for _ in range(6):
        ring.append(make_record())
    pump.turn()
    assert meters.drops[RECORDS].counts["ring_full"] == 8
    assert sum(sink.slices) + ring.dropped == 18


def test_a_slice_that_fails_does_not_stop_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[dict[str, Any]] = []
    loop, sink = VirtualLoop(), Sink()
    monkeypatch.setattr(loop, "call_exception_handler", reported.append)

    def failing(records: Sequence[ExchangeRecord]) -> None:
        sink(records)
        raise ZeroDivisionError

    ring = filled(1)
    RecordPump(ring, Meters(), [failing]).start(loop)
    loop.run_next()
    ring.append(make_record())
    assert loop.run_next() == INTERVAL_SECONDS
    assert sink.slices == [1, 1]
    assert [type(each["exception"]) for each in reported] == [ZeroDivisionError] * 2
