from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pytest

from sidecar.telemetry.metrics import RECORDS, Meters
from sidecar.telemetry.pump import INTERVAL_SECONDS, SLICE_RECORDS, RecordPump
from sidecar.telemetry.record import ExchangeRecord, RecordRing
from tests.telemetry.records import make_record


@dataclass(eq=False)
class Timer:
    delay: float
    call: Callable[[], object]
    waiting: list[Timer]

    def cancel(self) -> None:
        self.waiting.remove(self)


class VirtualLoop:
    """Keeps what is to be called later, and calls it when a test says so."""

    def __init__(self, pump: RecordPump) -> None:
        self.waiting: list[Timer] = []
        pump.start(cast("asyncio.AbstractEventLoop", self))

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> Timer:
        timer = Timer(delay, partial(callback, *args), self.waiting)
        self.waiting.append(timer)
        return timer

    def run_next(self) -> float:
        [timer] = self.waiting
        self.waiting.clear()
        timer.call()
        return timer.delay


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
    sink = Sink()
    loop = VirtualLoop(RecordPump(filled(SLICE_RECORDS + 1), Meters(), [sink]))
    assert [loop.run_next() for _ in range(3)] == [INTERVAL_SECONDS, 0.0, INTERVAL_SECONDS]
    assert sink.slices == [SLICE_RECORDS, 1]


def test_stopping_carries_what_is_left_and_ends() -> None:
    sink = Sink()
    pump = RecordPump(filled(3 * SLICE_RECORDS), Meters(), [sink])
    loop = VirtualLoop(pump)
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


def test_a_slice_that_fails_is_told_to_the_loop_and_does_not_stop_the_next() -> None:
    sink = Sink()

    def failing(records: Sequence[ExchangeRecord]) -> None:
        sink(records)
        raise ZeroDivisionError

    ring = filled(1)
    loop = VirtualLoop(RecordPump(ring, Meters(), [failing]))
    with pytest.raises(ZeroDivisionError):
        loop.run_next()
    ring.append(make_record())
    [timer] = loop.waiting
    assert timer.delay == INTERVAL_SECONDS
    with pytest.raises(ZeroDivisionError):
        loop.run_next()
    assert sink.slices == [1, 1]
