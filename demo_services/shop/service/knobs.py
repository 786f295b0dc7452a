"""What can be made worse about a service while it runs, and the bounded work it does."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=60_000)]


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a service does its work.

    ``workers / latency`` bounds what it can do in a second: 4 workers and 10 ms are fewer than
    400 requests. More than that wait in line, as they would for a thread or a connection pool.
    """

    #: Requests that are worked on at one time.
    workers: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 4
    #: How long each waits for what a real service would: a disk, a lock, a remote store.
    latency_ms: Milliseconds = 10.0
    #: How much each computes; a thousand take about half a millisecond.
    hash_rounds: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 400
    #: The share that fails, after the waiting.
    error_share: Share = 0.0
    #: The share that hangs, for as long as ``stall_ms``, holding its worker.
    stall_share: Share = 0.0
    stall_ms: Milliseconds = 10_000.0


class WorkFailed(Exception):  # noqa: N818 - what a service answers 500 for
    """The work did not get done, because a knob says so."""


class Work:
    """The service's workers: each request needs one of them for a while."""

    def __init__(self, knobs: Knobs, seed: int = 1) -> None:
        self._generator = random.Random(seed)
        self._knobs = knobs
        self._places = asyncio.Semaphore(knobs.workers)

    @property
    def knobs(self) -> Knobs:
        """How it works now; requests that wait already stay in the line that they are in."""
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        if knobs.workers != self._knobs.workers:
            self._places = asyncio.Semaphore(knobs.workers)
        self._knobs = knobs

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Wait for a worker and until its work is done; it is held as long as the block runs.

        Raises WorkFailed.
        """
        async with self._places:
            knobs = self._knobs
            _compute(knobs.hash_rounds)
            await asyncio.sleep(knobs.latency_ms / 1000)
            if self._happens(knobs.stall_share):
                await asyncio.sleep(knobs.stall_ms / 1000)
            if self._happens(knobs.error_share):
                raise WorkFailed("the work could not be done")
            yield

    def _happens(self, share: float) -> bool:
        return share > 0 and self._generator.random() < share


def _compute(rounds: int) -> bytes:
    digest = b""
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return digest
