"""Processes of a demo: ready when they say so, gone when it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.processes import NotReady, Process, Processes


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files can be started as modules."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def processes(modules: Path) -> Iterator[Processes]:
    with Processes(modules) as started:
        yield started


def _start(processes: Processes, modules: Path, code: str, *, piped: bool = False) -> Process:
    # A module of its own: the one before may not have been read yet.
    number = len(list(modules.glob("child_*.py")))
    (modules / f"child_{number}.py").write_text(code)
    return processes.start("child", f"child_{number}", piped=piped)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_its_addresses_are_waited_for(processes: Processes, modules: Path) -> None:
    child = _start(
        processes,
        modules,
        """
import pathlib, time
time.sleep(0.1)
file = pathlib.Path(__file__).with_name("addresses.json")
file.write_text('{"a": ')
time.sleep(0.1)
file.write_text('{"a": "127.0.0.1:1"}')
time.sleep(60)
""",
    )
    found = child.wait_for_addresses(modules / "addresses.json", within_seconds=20)
    assert found == {"a": "127.0.0.1:1"}


def test_one_that_ends_early_shows_the_end_of_its_log(processes: Processes, modules: Path) -> None:
    child = _start(
        processes, modules, "for n in range(99): print('line', n)\nraise SystemExit('no port')"
    )
    with pytest.raises(NotReady) as caught:
        child.wait_for_addresses(modules / "addresses.json", within_seconds=20)
    text = str(caught.value)
    assert text.startswith("child ended with status 1\n")
    assert text.endswith("  child | line 98\n  child | no port")
    assert "line 50" not in text


def test_one_that_is_never_ready_is_not_waited_for_for_ever(
    processes: Processes, modules: Path
) -> None:
    child = _start(processes, modules, "import time; print('hm'); time.sleep(60)")
    with pytest.raises(NotReady, match="not ready within 1 s"):
        child.wait_for_addresses(modules / "addresses.json", within_seconds=1)


def test_output_can_be_read_while_it_runs(processes: Processes, modules: Path) -> None:
    child = _start(processes, modules, "print('one'); print('two')", piped=True)
    assert list(child.output) == [b"one\n", b"two\n"]
    assert child.wait() == 0


def test_output_that_goes_to_the_log_cannot_be_read(processes: Processes, modules: Path) -> None:
    child = _start(processes, modules, "")
    with pytest.raises(ValueError, match="log"):
        _ = child.output


def test_all_end_with_the_context_also_those_that_do_not_want_to(modules: Path) -> None:
    with Processes(modules) as processes:
        willing = _start(processes, modules, "import time; time.sleep(60)")
        stubborn = _start(
            processes,
            modules,
            "import signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "print('ready', flush=True)\n"
            "time.sleep(60)",
            piped=True,
        )
        assert stubborn.output.readline() == b"ready\n"
        assert stubborn.stop(within_seconds=0.1) == -signal.SIGKILL
    assert not _alive(willing.pid)
    assert not _alive(stubborn.pid)


def test_one_that_finishes_what_it_does_is_not_told_twice(modules: Path) -> None:
    told = modules / "told"
    with Processes(modules) as processes:
        patient = _start(
            processes,
            modules,
            "import pathlib, signal, sys, time\n"
            "def on_signal(*_):\n"
            f"    with pathlib.Path({str(told)!r}).open('a') as file: file.write('x')\n"
            "signal.signal(signal.SIGTERM, on_signal)\n"
            "print('ready', flush=True)\n"
            f"while not pathlib.Path({str(told)!r}).exists(): time.sleep(0.05)\n"
            "time.sleep(0.3)\n"
            "sys.exit(7)",
            piped=True,
        )
        assert patient.output.readline() == b"ready\n"
    assert told.read_text() == "x"
    assert patient.wait() == 7


def test_an_interrupt_while_starting_does_not_lose_the_process(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes after the process has started and before anybody knows it."""
    started: list[int] = []
    real = Process.__init__

    def interrupted(self: Process, *arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real(self, *arguments)  # type: ignore[arg-type] # handed through
        started.append(self.pid)

    monkeypatch.setattr(Process, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt), Processes(modules) as processes:
        _start(processes, modules, "import time; time.sleep(60)")
    assert len(started) == 1
    assert not _alive(started[0])
