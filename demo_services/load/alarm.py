"""Waits for a moment, to within some tens of microseconds where Linux helps.

The event loop's own timers count whole milliseconds, which is longer than a fast answer takes.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from typing import Final, Protocol

_CLOCK_MONOTONIC: Final = 1
_TIMER_ABSOLUTE: Final = 1
_EXPIRATIONS_BYTES: Final = 8


class Alarm(Protocol):
    """For one waiter at a time."""

    async def until(self, moment: float) -> None:
        """Wait for ``moment`` (``time.monotonic``), not at all when it has passed.

        May return a little early: a loop rounds to its own ticks.
        """
        ...

    def close(self) -> None:
        """Give back what the system lent."""
        ...


def make_alarm() -> Alarm:
    """The most exact alarm that this system has, for the running loop."""
    libc = ctypes.CDLL(None, use_errno=True)
    return TimerFileAlarm(libc) if hasattr(libc, "timerfd_create") else LoopAlarm()


class TimerFileAlarm:
    """A ``timerfd`` in the loop's poll set (timerfd_create(2)); Python has it from 3.13 on."""

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._loop = asyncio.get_running_loop()
        self._settime = libc.timerfd_settime
        #: struct itimerspec: interval seconds and nanoseconds, then those of the moment.
        self._spec = (ctypes.c_long * 4)()
        self._file = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._rung: asyncio.Future[None] | None = None
        self._loop.add_reader(self._file, self._on_expired)

    async def until(self, moment: float) -> None:
        """Wait for ``moment`` (``time.monotonic``); not at all when it has passed."""
        if moment <= time.monotonic():
            return
        self._rung = self._loop.create_future()
        self._spec[2] = seconds = int(moment)
        self._spec[3] = int((moment - seconds) * 1e9)
        if self._settime(self._file, _TIMER_ABSOLUTE, ctypes.byref(self._spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")
        await self._rung

    def close(self) -> None:
        """Give back what the system lent."""
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def _on_expired(self) -> None:
        os.read(self._file, _EXPIRATIONS_BYTES)
        if self._rung is not None and not self._rung.done():
            self._rung.set_result(None)


class LoopAlarm:
    """The loop's own timer."""

    async def until(self, moment: float) -> None:
        """Wait for ``moment`` (``time.monotonic``); not at all when it has passed."""
        await asyncio.sleep(max(moment - time.monotonic(), 0.0))

    def close(self) -> None:
        """Nothing was lent."""
