"""Processes that tests start: their output is kept, and they end with the test that needs them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.ports import free_port, is_listening, wait_until

_STOP_SECONDS = 20.0
#: For servers that cannot take port 0: the port may be lost between choosing and binding it.
_START_ATTEMPTS = 3
_LOG_TAIL_BYTES = 16 * 1024

#: Those running now, and those that ended since the current test began: their logs are shown
#: beside a failure (``fixtures.pytest_runtest_makereport``).
_noted: list[Process] = []


class ProcessDiedError(RuntimeError):
    """A process ended before it was ready."""


class Process:
    """A child in a session of its own; what it writes goes to ``log_file``."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log_file: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.log_file = log_file
        with log_file.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        _noted.append(self)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def log(self) -> str:
        """Everything written so far to standard output and error."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, None while it runs."""
        return self._child.poll()

    def wait_until_ready(
        self, condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Return once ``condition`` holds.

        Raises ``ProcessDiedError`` when the process ends first, ``TimeoutError`` when it takes
        longer than that; both with the end of its log.
        """

        def ready() -> bool:
            if self.exit_status is not None:
                msg = f"{self.name} ended with {self.exit_status} before it was {what}:\n"
                raise ProcessDiedError(msg + self.log_tail())
            return condition()

        try:
            wait_until(ready, what, timeout_seconds)
        except TimeoutError as error:
            msg = f"{self.name}: {error}\n{self.log_tail()}"
            raise TimeoutError(msg) from None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone, not to its children."""
        self._child.send_signal(number)

    def wait(self, timeout_seconds: float = _STOP_SECONDS) -> int:
        """The exit status once it has ended; raises ``subprocess.TimeoutExpired``."""
        return self._child.wait(timeout_seconds)

    def stop(self, timeout_seconds: float = _STOP_SECONDS) -> int:
        """End it by SIGTERM, by SIGKILL with its children when that takes too long.

        Returns the exit status; a process that had ended already is left alone.
        """
        if self.exit_status is None:
            self._child.terminate()
        try:
            status = self._child.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            status = self.kill()
        return status

    def kill(self) -> int:
        """End it at once, with every process of its group, and return the exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        status = self._child.wait()
        # What it had started may hold sockets for a moment longer.
        wait_until(lambda: not _is_group_running(self.pid), f"{self.name} gone with its children")
        return status

    def log_tail(self) -> str:
        """The end of the log, as much as one wants to read beside a failure."""
        with self.log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _LOG_TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.contextmanager
def run_process(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """Run ``command`` in ``folder`` with its output in ``NAME.log`` there; end it afterwards."""
    process = Process(name, command, folder / f"{name}.log", environment=environment, folder=folder)
    with process:
        yield process


def start_on_free_port(
    name: str,
    folder: Path,
    command_for: Callable[[int], Sequence[str | Path]],
    *,
    environment: Mapping[str, str] | None = None,
) -> tuple[Process, int]:
    """Start a server that must be told its port; return it once it accepts connections there."""

    def start() -> tuple[Process, int]:
        port = free_port()
        log_file = folder / f"{name}.log"
        command = command_for(port)
        process = Process(name, command, log_file, environment=environment, folder=folder)
        return _once_listening(process, port)

    for _ in range(_START_ATTEMPTS - 1):
        with contextlib.suppress(ProcessDiedError):
            return start()
    return start()


def _once_listening(process: Process, port: int) -> tuple[Process, int]:
    address = f"127.0.0.1:{port}"
    try:
        process.wait_until_ready(lambda: is_listening(address), f"listening at {address}")
    except BaseException:
        process.kill()
        raise
    return process, port


def is_running(pid: int) -> bool:
    """Whether that process, which need not be a child of ours, has not ended yet."""
    place = Path(f"/proc/{pid}")
    try:
        status = (place / "stat").read_text(encoding="utf-8", errors="replace")
        threads = len(os.listdir(place / "task"))  # noqa: PTH208 - only their number is wanted
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A zombie has ended; whoever inherited it has not asked yet. But its first thread is one
    # while the others still hold what it had open.
    return status.rpartition(")")[2].split()[0] != "Z" or threads > 1


def _is_group_running(group: int) -> bool:
    """Whether a process of that group has not ended yet."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            after_name = (
                (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            )
            if int(after_name.split()[2]) == group and is_running(int(place.name)):
                return True
    return False


def logs_beside_failure() -> list[tuple[str, str]]:
    """Title and end of the log of every process that the current test may have used."""
    return [
        (f"log of {process.name} (pid {process.pid})", process.log_tail())
        for process in _noted
        if process.log_file.exists()
    ]


def forget_ended() -> None:
    """Stop showing the logs of processes that have ended."""
    _noted[:] = [process for process in _noted if process.exit_status is None]
