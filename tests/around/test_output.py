"""What a service writes is passed on as it is, whatever becomes of its log records."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from sidecar.around.output import Output
from sidecar.telemetry.signals import LogRecord

#: These start real processes, if small ones.
pytestmark = pytest.mark.integration

_SECONDS: Final = 20.0
#: Runs a command as the sidecar does, and writes its log records to a file at the end.
_AROUND: Final = """
import asyncio, os, signal, sys
import msgspec
from sidecar.around.output import Output
from sidecar.around.process import Process

async def main(told, *command):
    records, lost = [], {}
    def lose(reason, count):
        lost[reason] = lost.get(reason, 0) + count
    loop = asyncio.get_running_loop()
    process = Process(command)
    output = Output(loop.call_soon_threadsafe, records.extend, lose)
    process.start(loop, os.environ, None, lambda: None, output)
    loop.add_signal_handler(signal.SIGTERM, process.send, signal.SIGTERM)
    await process.ended.wait()
    await process.end(None, 5.0)
    await asyncio.to_thread(output.close, 5.0)
    await asyncio.sleep(0)
    with open(told, "wb") as file:
        file.write(msgspec.json.encode([records, lost]))
    return process.status

raise SystemExit(asyncio.run(main(*sys.argv[1:])))
"""


class Ended:
    """What came out of it all."""

    def __init__(self, done: subprocess.CompletedProcess[bytes], told: Path) -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        records, lost = msgspec.json.decode(told.read_bytes())
        self.records: list[dict[str, Any]] = records
        self.lost: dict[str, int] = lost

    @property
    def bodies(self) -> list[str]:
        return [one["body"] for one in self.records]


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Callable[..., Ended]:
    def run(script: str, **streams: Any) -> Ended:
        told = tmp_path / "told.json"
        command = [sys.executable, "-c", _AROUND, str(told), sys.executable, "-c", script]
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        done = subprocess.run(command, timeout=_SECONDS, check=False, **given)
        return Ended(done, told)

    return run


def test_both_streams_go_where_they_went(run: Callable[..., Ended]) -> None:
    ended = run(
        "import sys\n"
        "sys.stdout.write('to the one\\nno end')\n"
        "sys.stderr.write('ERROR: to the other\\n')\n"
        "sys.exit(3)\n"
    )
    assert (ended.status, ended.out, ended.err) == (
        3,
        b"to the one\nno end",
        b"ERROR: to the other\n",
    )
    assert sorted(ended.bodies) == ["ERROR: to the other", "no end", "to the one"]
    streams = {one["body"]: one["attributes"]["log.iostream"] for one in ended.records}
    assert streams["no end"] == "stdout"
    assert streams["ERROR: to the other"] == "stderr"


def test_bytes_are_passed_on_whatever_they_are(run: Callable[..., Ended]) -> None:
    ended = run(
        "import sys\n"
        "sys.stdout.buffer.write(bytes(range(256)) * 4096 + b'\\r\\n' + b'x' * 300_000)\n"
    )
    assert ended.out == bytes(range(256)) * 4096 + b"\r\n" + b"x" * 300_000
    assert len(ended.records) <= 2000 + 4096


def test_a_flood_is_passed_on_whole_and_counted(run: Callable[..., Ended]) -> None:
    ended = run("for number in range(200_000): print(number)")
    assert ended.out == b"".join(b"%d\n" % number for number in range(200_000))
    assert len(ended.records) + sum(ended.lost.values()) == 200_000
    assert ended.lost["too_many_lines"] > 100_000


def test_a_stream_that_the_service_closes_ends_alone(run: Callable[..., Ended]) -> None:
    ended = run(
        "import os, sys\nprint('once', flush=True)\nos.close(1)\n"
        "sys.stderr.write('still here\\n')\nos._exit(0)\n"
    )
    assert (ended.out, ended.err) == (b"once\n", b"still here\n")


def test_one_place_for_both_keeps_the_order(run: Callable[..., Ended]) -> None:
    ended = run(
        "import os\nfor number in range(100): os.write(1 + number % 2, b'%d\\n' % number)",
        stderr=subprocess.STDOUT,
    )
    assert ended.out == b"".join(b"%d\n" % number for number in range(100))
    assert "log.iostream" not in ended.records[0]["attributes"]


def test_what_others_hold_open_is_not_waited_for(run: Callable[..., Ended]) -> None:
    ended = run(
        "import subprocess, sys\n"
        "asleep = [sys.executable, '-c', 'import time; time.sleep(4)']\n"
        "subprocess.Popen(asleep, start_new_session=True)\n"
        "print('done')\n"
    )
    assert (ended.status, ended.bodies) == (0, ["done"])


def test_who_reads_no_more_is_told_to_the_service(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    script = (
        "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "while True: print('x' * 1000)"
    )
    command = [sys.executable, "-c", _AROUND, str(told), sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(_SECONDS) == 128 + signal.SIGPIPE


def test_a_reader_who_is_slow_slows_the_service_and_nobody_else(tmp_path: Path) -> None:
    told, wrote = tmp_path / "told.json", tmp_path / "wrote"
    script = f"print('x' * 2_000_000, flush=True)\nopen({str(wrote)!r}, 'w').close()"
    command = [sys.executable, "-c", _AROUND, str(told), sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        begun = process.stdout.read(1000)
        assert not wrote.exists()
        rest = process.stdout.read()
        assert process.wait(_SECONDS) == 0
    assert begun + rest == b"x" * 2_000_000 + b"\n"


def test_at_a_terminal_the_service_is_at_one_too(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    script = "import os, sys; print(sys.stdout.isatty(), os.isatty(2), os.get_terminal_size()[0])"
    ours, given = pty.openpty()
    command = [sys.executable, "-c", _AROUND, str(told), sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=given, stderr=given) as process:
        os.close(given)
        shown = _all_of(ours)
        assert process.wait(_SECONDS) == 0
    assert shown.startswith(b"True True ")
    assert shown.endswith(b"\r\n")
    assert shown.count(b"\r") == 1


def _all_of(descriptor: int) -> bytes:
    found = b""
    while True:
        try:
            data = os.read(descriptor, 1000)
        except OSError:
            data = b""
        if not data:
            os.close(descriptor)
            return found
        found += data


async def test_records_that_nobody_takes_stay_bounded_and_are_counted() -> None:
    loop = asyncio.get_running_loop()
    taken: list[LogRecord] = []
    lost: dict[str, int] = {}

    def take(records: Sequence[LogRecord]) -> None:
        taken.extend(records)

    output = Output(loop.call_soon_threadsafe, take, lost.__setitem__)
    record = LogRecord(1, 1, "INFO", "", "x" * 1_000_000, {})
    # The loop does not turn meanwhile.
    accepted = [output.hand_over([record], {}) for _ in range(10)]
    assert accepted.count(True) == 4
    await asyncio.sleep(0.01)
    assert len(taken) == 4
    assert output.hand_over([record], {"queue_full": 6})
    await asyncio.sleep(0.01)
    assert lost == {"queue_full": 6}
