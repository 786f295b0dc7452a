"""The other end of a courier's socket, in the tests' own process."""

from __future__ import annotations

import socket

from sidecar.export.frames import Order, Report, encode_frame, order_reader
from sidecar.export.process import ExporterProcess


class Exporters:
    """Takes the place of processes: each one that would be started is a socket here."""

    def __init__(self) -> None:
        self.started: list[FakeExporter] = []
        self.trouble: OSError | None = None

    def __call__(self, theirs: socket.socket) -> ExporterProcess:
        if self.trouble is not None:
            theirs.close()
            raise self.trouble
        self.started.append(FakeExporter(theirs, 1000 + len(self.started)))
        return self.started[-1]

    def die(self) -> None:
        """All of them."""
        for one in self.started:
            one.die()

    @property
    def last(self) -> FakeExporter:
        return self.started[-1]


class FakeExporter(ExporterProcess):
    """One that does as the test says."""

    def __init__(self, theirs: socket.socket, pid: int) -> None:
        self.socket = theirs
        self.reader = order_reader()
        self.was_reaped = False
        self._pid = pid

    @property
    def pid(self) -> int:
        return self._pid

    def end(self, seconds: float) -> None:
        self.was_reaped = True
        assert seconds > 0

    def read(self) -> list[Order]:
        """What it was told since the last time."""
        self.socket.setblocking(False)
        orders: list[Order] = []
        try:
            while data := self.socket.recv(1_000_000):
                orders += self.reader.feed(data)
        except BlockingIOError:
            pass
        return orders

    def report(self, report: Report) -> None:
        self.socket.setblocking(True)
        self.socket.sendall(encode_frame(report))

    def die(self) -> None:
        self.socket.close()
