"""The exporter's own side: reads what the sidecar tells, and says once a second how it goes."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sidecar.export.frames import (
    BadFrame,
    Begin,
    End,
    Order,
    encode_frame,
    order_reader,
)
from sidecar.export.making import Worth
from sidecar.export.outlets import make_outlets
from sidecar.export.pipeline import Pipeline

_REPORT_SECONDS: Final = 1.0
_READ_BYTES: Final = 256 * 1024
#: How long the rest may take to be delivered when the sidecar is gone without a word.
LEFT_ALONE_SECONDS: Final = 10.0


class Child:
    """Serves one socket until its end. ``clock`` is monotonic seconds."""

    def __init__(self, peer: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._peer = peer
        self._clock = clock
        self._reader = order_reader()
        self._pipeline: Pipeline | None = None
        self._report_at = clock() + _REPORT_SECONDS
        self._seconds = LEFT_ALONE_SECONDS
        self._unsent = b""
        self._is_over = False

    def run(self) -> None:
        """Until the sidecar says that it is over, or is gone; then bring the rest to safety."""
        self._peer.setblocking(True)
        while not self._is_over:
            self._wait()
            self._report()
        if self._pipeline is not None:
            self._pipeline.end(self._seconds)
            self._tell(self._pipeline)

    def _wait(self) -> None:
        """Read what there is, not longer than until the next report."""
        left = max(self._report_at - self._clock(), 0.0)
        ready, _, _ = select.select([self._peer], [], [], left)
        if not ready:
            return
        try:
            data = self._peer.recv(_READ_BYTES)
            self._is_over = not data
            for order in self._reader.feed(data):
                self._obey(order)
        except (OSError, BadFrame):
            self._is_over = True

    def _obey(self, order: Order) -> None:
        if isinstance(order, Begin):
            settings = order.settings
            worth = Worth(settings.access, decisions=settings.decisions)
            outlets = make_outlets(order.resource, settings, os.environ)
            self._pipeline = Pipeline(worth.made, outlets, self._clock)
            self._pipeline.start()
        elif isinstance(order, End):
            self._seconds = order.seconds - max(self._clock() - order.since, 0.0)
            self._is_over = True
        elif self._pipeline is not None:
            self._pipeline.take(order)

    def _report(self) -> None:
        if self._pipeline is not None and self._clock() >= self._report_at:
            self._report_at = self._clock() + _REPORT_SECONDS
            self._tell(self._pipeline)

    def _tell(self, pipeline: Pipeline) -> None:
        """Nobody waits for whoever does not read reports: then there are fewer."""
        self._unsent = self._unsent or encode_frame(pipeline.report())
        with suppress(OSError):
            sent = self._peer.send(self._unsent, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            self._unsent = self._unsent[sent:]
