"""Brings the items of one lane to its backend, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Final

from sidecar.export.backend import Backend, Delivery, failed
from sidecar.export.frames import BackendReport
from sidecar.export.item import Item
from sidecar.export.lane import Lane

#: How often what others have left on disk is looked for.
_ADOPT_SECONDS: Final = 10.0
#: How long a thread that has nothing more to do may take to end.
_END_SECONDS: Final = 0.5
_ERROR_LETTERS: Final = 500


class Shipper:
    """``offer`` and ``report`` may be called by any thread, and do not wait for the backend.

    A bug that ends the thread is raised by ``report``: an exporter that delivers nothing any more
    must not look like one that does.
    """

    def __init__(
        self, lane: Lane, backend: Backend, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = lane.name
        self._lane = lane
        self._backend = backend
        self._clock = clock
        self._changed = threading.Condition()
        self._ends = False
        self._bug: Exception | None = None
        #: When the thread looks again by itself; long ago while it is busy.
        self._wakes_at = -inf
        # A daemon: a backend that never answers must not keep the process alive.
        self._thread = threading.Thread(target=self._work, name=f"to-{self.name}", daemon=True)

    def start(self) -> None:
        """Deliver from now on."""
        self._thread.start()

    def offer(self, items: Sequence[Item]) -> None:
        """Take these in."""
        if not items:
            return
        with self._changed:
            now = self._clock()
            self._lane.offer(items, now)
            if now + self._lane.wait_seconds(now) < self._wakes_at:
                self._changed.notify_all()

    def report(self) -> BackendReport:
        """How it goes. Raises what has ended the thread before its time."""
        with self._changed:
            if self._bug is not None:
                raise self._bug
            return self._lane.report(self._clock())

    def hurry(self) -> None:
        """Begin to end: nothing waits for others any more."""
        with self._changed:
            self._lane.hurry()
            self._changed.notify_all()

    def end(self, until: float) -> None:
        """Deliver what is left, not longer than until then; the rest goes to the disk, or is lost.

        One that is down and has a disk is not waited for.
        """
        with self._changed:
            while not self._lane.is_done and (left := until - self._clock()) > 0:
                self._changed.wait(left)
            self._ends = True
            self._lane.put_away(self._clock())
            self._changed.notify_all()
        self._thread.join(_END_SECONDS)

    # --- the thread

    def _work(self) -> None:
        try:
            self._run()
        except Exception as bug:  # noqa: BLE001 - told by whoever reports
            self._bug = bug

    def _run(self) -> None:
        adopt_at = self._clock()
        while True:
            with self._changed:
                if self._ends:
                    break
                now = self._clock()
                if now >= adopt_at:
                    adopt_at = now + _ADOPT_SECONDS
                    self._lane.adopt()
                piece = self._lane.next_piece(now)
                if piece is None:
                    wait = max(min(self._lane.wait_seconds(now), adopt_at - now), 0.0)
                    self._wakes_at = now + wait
                    self._changed.wait(wait)
                    self._wakes_at = -inf
                    continue
            self._settle(self._deliver(piece))
        with suppress(Exception):
            self._backend.close()

    def _deliver(self, piece: Sequence[Item]) -> Delivery:
        try:
            return self._backend.deliver(piece)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is tried again
            return failed(piece, f"{type(error).__name__}: {error}"[:_ERROR_LETTERS])

    def _settle(self, delivery: Delivery) -> None:
        with self._changed:
            if not self._ends:
                self._lane.settle(delivery, self._clock())
                self._changed.notify_all()
