"""Runs a plan: every arrival at its moment, a line a second, a report at the end."""

from __future__ import annotations

import asyncio
import gc
import heapq
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Final

from demo_services.load.alarm import make_alarm
from demo_services.load.arrivals import schedule
from demo_services.load.caller import Caller
from demo_services.load.latency import LatencyHistogram
from demo_services.load.plan import Plan
from demo_services.load.report import DriverReport, Report, Second

_HEAD_START_SECONDS: Final = 0.05
_SWEEP_SECONDS: Final = 0.1
_LOOK_FOR_ANSWERS_SECONDS: Final = 0.01


async def run(plan: Plan, on_second: Callable[[Second], None]) -> Report:
    """Offer the load; return when the last request has been answered or given up.

    ``on_second`` is called on the loop: while it works, arrivals wait.
    Raises OSError when the first connections cannot be opened.
    """
    try:
        async with asyncio.TaskGroup() as group:
            return await _run(plan, on_second, group)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def _run(plan: Plan, on_second: Callable[[Second], None], group: asyncio.TaskGroup) -> Report:
    callers = [Caller(client, plan, group) for client in plan.clients]
    try:
        for caller in callers:
            await caller.warm_up()
        driver = _Driver(plan, callers, on_second)
        watch = group.create_task(driver.watch())
        try:
            return await driver.offer_everything()
        finally:
            watch.cancel()
    finally:
        for caller in callers:
            caller.close()


class _Driver:
    def __init__(
        self, plan: Plan, callers: list[Caller], on_second: Callable[[Second], None]
    ) -> None:
        self._plan = plan
        self._callers = callers
        self._on_second = on_second
        self._lag = LatencyHistogram()
        self._seconds_told = 0
        self._start = time.monotonic() + _HEAD_START_SECONDS

    async def offer_everything(self) -> Report:
        """Send each request at its moment, then wait for the last answers."""
        # What exists now need not be looked at by the collector again.
        gc.freeze()
        cpu_before = time.process_time()
        await self._send_on_schedule()
        while any(caller.outstanding for caller in self._callers):  # noqa: ASYNC110 - polled
            # once, at the end: an event would cost something on every answer.
            await asyncio.sleep(_LOOK_FOR_ANSWERS_SECONDS)
        if self._seconds_told < math.ceil(self._plan.seconds):
            self._end_second()
        return self._report(time.process_time() - cpu_before)

    async def watch(self) -> None:
        """Tell of each second that ends, and give up on what is late; runs until cancelled."""
        while True:
            now = time.monotonic()
            second_ends = self._start + self._seconds_told + 1
            if now >= second_ends:
                self._end_second()
                continue
            for caller in self._callers:
                caller.give_up_on_late(now)
            await asyncio.sleep(min(second_ends - now, _SWEEP_SECONDS))

    async def _send_on_schedule(self) -> None:
        alarm = make_alarm()
        try:
            for offset, number, phase in _arrivals(self._plan):
                moment = self._start + offset
                while (now := time.monotonic()) < moment:
                    await alarm.until(moment)
                self._lag.record(now - moment)
                self._callers[number].offer(moment, phase)
            await alarm.until(self._start + self._plan.seconds)
        finally:
            alarm.close()

    def _end_second(self) -> None:
        self._seconds_told += 1
        clients = tuple(caller.tally.end_second(caller.outstanding) for caller in self._callers)
        self._on_second(Second(second=self._seconds_told, clients=clients))

    def _report(self, cpu_seconds: float) -> Report:
        tallies = [caller.tally for caller in self._callers]
        return Report(
            phases=tuple(part for tally in tallies for part in tally.reports()),
            driver=DriverReport(
                lag=self._lag.summary(),
                cpu_seconds=cpu_seconds,
                waiting_at_most=max(caller.waiting_at_most for caller in self._callers),
                connections_opened=sum(caller.connections_opened for caller in self._callers),
            ),
            refusal=next((tally.refusal for tally in tallies if tally.refusal), None),
            failure=next((tally.failure for tally in tallies if tally.failure), None),
        )


def _arrivals(plan: Plan) -> Iterator[tuple[float, int, str]]:
    """``(offset, number of the client, phase)`` of every arrival, in order."""
    return heapq.merge(*(_of_client(plan, number) for number in range(len(plan.clients))))


def _of_client(plan: Plan, number: int) -> Iterator[tuple[float, int, str]]:
    # A generator of its own for each client: adding one does not move the arrivals of others.
    generator = random.Random(f"{plan.seed}/{number}")
    for offset, phase in schedule(plan.clients[number], generator):
        yield offset, number, phase
