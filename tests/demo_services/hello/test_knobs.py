from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from demo_services.hello.knobs import Knobs, Store, StoreFailure


@pytest.mark.parametrize(
    "wrong", [{"latency_ms": -1}, {"calls_at_once": 0}, {"error_ratio": 1.5}, {"speed": 1}]
)
def test_knobs_do_not_turn_beyond_their_ends(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Knobs)


async def test_errors_come_as_often_as_the_knob_says() -> None:
    store = Store(Knobs(latency_ms=0, calls_at_once=1000, error_ratio=0.3))
    results = await asyncio.gather(*(store.call() for _ in range(1000)), return_exceptions=True)
    failures = [result for result in results if isinstance(result, StoreFailure)]
    assert 240 < len(failures) < 360


async def test_only_so_many_calls_are_worked_on_at_once() -> None:
    store = Store(Knobs(latency_ms=60_000, calls_at_once=2))
    loop = asyncio.get_running_loop()
    calls = [loop.create_task(store.call()) for _ in range(3)]
    await asyncio.sleep(0)
    # The third waits in line, so another place lets nobody in before one of the two is done.
    calls[0].cancel()
    await asyncio.gather(calls[0], return_exceptions=True)
    assert not any(call.done() for call in calls[1:])
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
