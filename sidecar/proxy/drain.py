"""The end of serving: what runs is finished, what is idle goes, and nothing waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sidecar.model.outcome import DRAIN_EXPIRED
from sidecar.proxy.clock import clock

if TYPE_CHECKING:
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.listener import Listener

_LOOK_SECONDS: Final = 0.02
#: How long those whose requests were given up may take to hear of it.
_LAST_WORDS_SECONDS: Final = 1.0


async def drain(
    engine: Engine, listener: Listener, seconds: float, hurried: Callable[[], bool]
) -> None:
    """Return when nobody is left, after ``seconds`` or as soon as ``hurried`` at the latest.

    The listener accepts nobody any more. Requests that were not finished in time are answered
    with 503, or broken off where their answer has begun.
    """
    # One turn of the loop for connections that were accepted in this one.
    await asyncio.sleep(0)
    await _until_empty(listener, seconds, hurried)
    if not hurried():
        for exchange in tuple(engine.exchanges):
            if exchange.downstream.listener is listener:
                exchange.expire(DRAIN_EXPIRED)
        await _until_empty(listener, _LAST_WORDS_SECONDS, hurried)
    if not listener.is_empty:
        listener.abort()
        # One turn of the loop for the connections to notice.
        await asyncio.sleep(0)
    for connector in engine.connectors():
        connector.close_idle()


async def _until_empty(listener: Listener, seconds: float, hurried: Callable[[], bool]) -> None:
    end = clock() + seconds
    while not (listener.is_empty or clock() >= end or hurried()):  # noqa: ASYNC110 - once in a life
        await asyncio.sleep(_LOOK_SECONDS)
