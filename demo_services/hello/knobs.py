"""What can be made worse about the service while it runs."""

from __future__ import annotations

import asyncio
import random
from typing import Annotated

import msgspec


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service's store behaves.

    ``calls_at_once / latency`` bounds what the service can do in a second: 4 calls of 10 ms,
    fewer than 400 requests. More than that wait in line, as they would for a real database.
    """

    #: How long the store takes to answer one call, on top of the real work.
    latency_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] = 10.0
    #: Calls that the store works on at one time.
    calls_at_once: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 4
    #: The share of calls that fail.
    error_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


class StoreFailure(Exception):  # noqa: N818 - what the service answers 500 for
    """The store did not answer, because a knob says so."""


class Store:
    """The way to the data: takes its time, and lets only so many in at once."""

    def __init__(self, knobs: Knobs) -> None:
        self._generator = random.Random(1)
        self.knobs = knobs

    @property
    def knobs(self) -> Knobs:
        """How it behaves now; calls that wait already stay in the line that they are in."""
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._places = asyncio.Semaphore(knobs.calls_at_once)

    async def call(self) -> None:
        """Wait for a place and for the answer. Raises StoreFailure."""
        async with self._places:
            await asyncio.sleep(self._knobs.latency_ms / 1000)
            if self._generator.random() < self._knobs.error_ratio:
                raise StoreFailure("the store does not answer")
