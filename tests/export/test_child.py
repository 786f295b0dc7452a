from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.export import child
from sidecar.export.child import Child
from sidecar.export.frames import (
    Begin,
    End,
    Logs,
    Metrics,
    Records,
    Report,
    encode_frame,
    report_reader,
)
from sidecar.export.settings import ExportSettings, FilesSettings
from sidecar.telemetry.record import Keep
from sidecar.telemetry.signals import LogRecord, Metric, MetricKind, Point, Resource
from tests.telemetry.records import make_record

LOG = LogRecord(1, 1, "INFO", "some.event", "text", {})
METRIC = Metric("a.b", "Help.", "s", MetricKind.GAUGE, (Point({"x": "y"}, 1, 1, 2.5),))


class Sidecar:
    """The other end."""

    def __init__(self, folder: Path) -> None:
        self.socket, theirs = socket.socketpair()
        self.theirs = theirs
        self.folder = folder / "told"
        self.reader = report_reader()
        self.thread = threading.Thread(target=Child(theirs).run)
        self.thread.start()

    def begin(self) -> None:
        settings = ExportSettings(files=FilesSettings(str(self.folder)))
        self.say(Begin(Resource({"service.name": "order"}), settings))

    def say(self, *frames: Begin | Records | Logs | Metrics | End) -> None:
        self.socket.sendall(b"".join(map(encode_frame, frames)))

    def report(self) -> Report:
        self.socket.settimeout(20)
        while True:
            found = [*self.reader.feed(self.socket.recv(65_536))]
            if found:
                return found[-1]

    def names(self) -> list[str]:
        lines = [line for file in self.folder.iterdir() for line in file.read_text().splitlines()]
        return sorted(json.loads(line).get("event_name", "-") for line in lines)

    def join(self) -> None:
        self.thread.join(20)
        assert not self.thread.is_alive()

    def close(self) -> None:
        self.socket.close()
        self.join()
        self.theirs.close()


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[Sidecar]:
    found = Sidecar(tmp_path)
    yield found
    found.close()


def test_at_the_end_all_is_there_and_reported(sidecar: Sidecar) -> None:
    sidecar.begin()
    sidecar.say(Records(0.0, [make_record(kept=Keep.SAMPLED)]), Logs([LOG]))
    sidecar.say(Metrics([METRIC], ["files"]), End(20.0))
    report = sidecar.report()
    assert report.received == {"records": 1, "logs": 1, "metrics": 1}
    assert report.backends[0].sent == {"traces": 1, "logs": 2, "metrics": 1}
    sidecar.join()
    assert sidecar.names() == ["-", "-", "sidecar.request", "some.event"]


def test_a_sidecar_that_is_gone_is_an_end_too(sidecar: Sidecar) -> None:
    sidecar.begin()
    sidecar.say(Logs([LOG]))
    sidecar.close()
    assert sidecar.names() == ["some.event"]


def test_so_is_one_that_talks_nonsense(sidecar: Sidecar) -> None:
    sidecar.begin()
    sidecar.say(Logs([LOG]))
    sidecar.socket.sendall(b"\xff" * 8)
    sidecar.join()
    assert sidecar.names() == ["some.event"]


def test_it_says_how_it_goes(sidecar: Sidecar) -> None:
    sidecar.begin()
    assert sidecar.report().received["logs"] == 0


def test_reports_that_nobody_reads_make_nobody_wait(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        one = Child(theirs)
        settings = ExportSettings(files=FilesSettings(str(tmp_path)))
        one._obey(Begin(Resource({}), settings))
        pipeline = one._pipeline
        assert pipeline is not None
        reader = report_reader()
        for _ in range(500):
            one._tell(pipeline)
        ours.setblocking(False)
        read = 0
        while True:
            try:
                read += len([*reader.feed(ours.recv(65_536))])
            except BlockingIOError:
                break
        assert 0 < read < 500
        while one._unsent:
            one._tell(pipeline)
            read += len([*reader.feed(ours.recv(65_536))])
        pipeline.end(0.0)


def test_what_comes_before_the_beginning_is_nobodys() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Child(theirs)._obey(Logs([LOG]))
    assert child.LEFT_ALONE_SECONDS > 0


def test_what_an_order_to_end_has_waited_is_taken_off_its_time() -> None:
    ours, theirs = socket.socketpair()
    child = Child(theirs, lambda: 107.0)
    with ours, theirs:
        ours.sendall(encode_frame(End(5.0, 103.0)))
        child.run()
    assert child._seconds == 1.0
