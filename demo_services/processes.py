"""Starts the processes of a demo, waits until they are ready, and ends every one of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, TypeVar

import msgspec

_POLL_SECONDS: Final = 0.02
_TAIL_LINES: Final = 15

_Found = TypeVar("_Found")


class NotReady(Exception):  # noqa: N818 - named after what is wrong
    """A process ended, or was not ready in time; its text ends with the tail of its log."""


class Process:
    """One started process; what it writes goes to a log file."""

    def __init__(self, name: str, started: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._started = started
        self._told = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started.pid

    @property
    def output(self) -> IO[bytes]:
        """Its standard output. Raises ValueError when that goes to the log."""
        if self._started.stdout is None:
            raise ValueError(f"the output of {self.name} goes to its log")
        return self._started.stdout

    def wait(self) -> int:
        """Wait for it to end by itself; its exit status."""
        return self._started.wait()

    def wait_until(self, look: Callable[[], _Found | None], within_seconds: float) -> _Found:
        """Ask ``look`` again and again until it finds something. Raises NotReady."""
        deadline = time.monotonic() + within_seconds
        while (found := look()) is None:
            if (status := self._started.poll()) is not None:
                raise NotReady(f"{self.name} ended with status {status}\n{self.log_tail()}")
            if time.monotonic() > deadline:
                waited = f"{self.name} was not ready within {within_seconds:g} s"
                raise NotReady(f"{waited}\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)
        return found

    def wait_for_addresses(self, file: Path, within_seconds: float) -> dict[str, str]:
        """Wait for the file in which it says where it listens. Raises NotReady."""
        return self.wait_until(lambda: _addresses(file), within_seconds)

    def log_tail(self) -> str:
        """The last lines of what it wrote."""
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(f"  {self.name} | {line}" for line in lines)

    def tell_to_end(self) -> None:
        """Send it SIGTERM, once: to many a second one means to wait for nothing any more."""
        if not self._told:
            self._told = True
            self._started.terminate()

    def stop(self, within_seconds: float = 5.0) -> int:
        """End it: SIGTERM, and SIGKILL when that does not help in time; its exit status."""
        if self._started.stdout is not None:
            self._started.stdout.close()
        self.tell_to_end()
        try:
            return self._started.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once; its exit status."""
        self._started.kill()
        return self._started.wait()


class Processes:
    """All processes of a demo. Leaving the context ends them, the last started is told first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._all: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            # Each finishes what runs and takes its time for it; together they take no longer.
            for process in reversed(self._all):
                process.tell_to_end()
            for process in reversed(self._all):
                process.stop()
        finally:
            # Reached with processes alive when somebody is too impatient to wait for them.
            for process in self._all:
                process.kill()

    def start(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        piped: bool = False,
    ) -> Process:
        """Start ``python -m MODULE`` with the interpreter that runs this.

        ``piped``: its standard output is for the caller to read instead of for the log.
        It is in a session of its own: Ctrl-C reaches the demo alone, which ends the others.
        """
        command = [sys.executable, "-m", module, *arguments]
        return self.run(name, command, environment=environment, piped=piped)

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        piped: bool = False,
    ) -> Process:
        """The same with any program. Raises OSError when it cannot be started."""
        log = self._directory / f"{name}.log"
        with log.open("wb") as file, _interrupts_later():
            started = subprocess.Popen(  # noqa: S603 - our own modules, and what a person asked for
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else file,
                stderr=file,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )
            process = Process(name, started, log)
            self._all.append(process)
        return process


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Let signals wait: between starting a process and knowing it, one would lose it."""
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _addresses(file: Path) -> dict[str, str] | None:
    """What the file says; None while it is not there or not whole."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.DecodeError):
        return None
