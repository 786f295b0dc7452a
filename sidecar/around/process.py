"""One process that is started, watched and ended; whatever it leaves behind goes with it."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from sidecar.around.output import Output
from sidecar.settings import CannotStart

#: Exit statuses of shells for commands that are not there, and that are not to be run.
NO_SUCH_COMMAND: Final = 127
NOT_EXECUTABLE: Final = 126
#: What is added to the number of the signal that ended a process.
_BY_SIGNAL: Final = 128
_LOOK_SECONDS: Final = 0.02
_BURY_SECONDS: Final = 1.0
#: Who has ended, without waiting, and without taking it away.
_ENDED: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT
#: How long what a killed process leaves behind is waited for.
_KILLED_SECONDS: Final = 1.0


class Process:
    """A child process in a group of its own, unless it shares our terminal."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        #: As a shell has it: its own, or 128 and the signal's number; None while it runs.
        self.status: int | None = None
        self.ended = asyncio.Event()
        #: Whether it gets what is typed at our terminal, Ctrl-C as well.
        self.at_terminal = _at_terminal()
        self._child: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._watch = -1
        self._whenever_ended: Callable[[], None] = _nothing

    @property
    def name(self) -> str:
        """What it is called when people are told of it."""
        return self.command[0]

    @property
    def pid(self) -> int:
        """Its number; 0 before it was started."""
        return self._pid

    @property
    def runs(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._child is not None and self.status is None

    def start(
        self,
        loop: asyncio.AbstractEventLoop,
        environment: Mapping[str, str],
        open_files: tuple[int, int] | None,
        whenever_ended: Callable[[], None],
        output: Output | None = None,
    ) -> None:
        """Start it; raises ``CannotStart``. It may open ``open_files``, as if we were not here.

        What it writes goes to where ours does, by way of ``output`` if there is one.
        """
        self._whenever_ended = whenever_ended
        streams = (None, None) if output is None else output.open()
        try:
            with _lowered(open_files):
                self._child = self._spawn(environment, streams)
        finally:
            if output is not None:
                output.opened()
        self._pid = self._child.pid
        # Not by SIGCHLD, which uvloop keeps for itself.
        self._watch = os.pidfd_open(self._pid)
        loop.add_reader(self._watch, self._has_ended, loop)
        if os.getpid() == 1:
            self._bury_orphans(loop)

    def _spawn(
        self, environment: Mapping[str, str], streams: tuple[int | None, int | None]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - what the user of this command asks for
                self.command,
                env=dict(environment),
                stdout=streams[0],
                stderr=streams[1],
                process_group=None if self.at_terminal else 0,
            )
        except FileNotFoundError as error:
            why = f"cannot run {self.name}: there is no such command, or none to interpret it"
            raise CannotStart(why, NO_SUCH_COMMAND) from error
        except OSError as error:
            what = "it is no program" if error.errno == errno.ENOEXEC else error.strerror
            raise CannotStart(f"cannot run {self.name}: {what}", NOT_EXECUTABLE) from error

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if self.runs:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def kill(self) -> None:
        """End it, and whatever it has started, at once."""
        self._to_all(signal.SIGKILL)
        self.send(signal.SIGKILL)

    async def end(self, number: int | None, seconds: float) -> bool:
        """Send a signal, and wait; whoever has not ended after ``seconds`` is killed.

        Without a number it was told already. Whether it ended by itself. What it leaves behind
        in its group is told to end as well, in the same time.
        """
        if self._child is None:
            return True
        if number is not None:
            self.send(number)
        by_itself = True
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
                self._to_all(signal.SIGTERM)
                self._bury()
                while self._left_something():  # noqa: ASYNC110 - no one tells of grandchildren
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            by_itself = self.status is not None
            self.kill()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), _KILLED_SECONDS)
        self._bury()
        return by_itself

    # --- how it ended

    def _has_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._watch)
        os.close(self._watch)
        # It stays until the end, so that its group's number means no other group meanwhile.
        found = os.waitid(os.P_PID, self._pid, _ENDED)
        if found is None:
            return
        exited = found.si_code == os.CLD_EXITED
        self.status = found.si_status if exited else _BY_SIGNAL + found.si_status
        self.ended.set()
        self._whenever_ended()

    def _bury_orphans(self, loop: asyncio.AbstractEventLoop) -> None:
        """The first process of a container inherits whoever has lost its parent."""
        with suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, _ENDED)) is not None:
                if found.si_pid == self._pid:
                    break
                os.waitpid(found.si_pid, 0)
        loop.call_later(_BURY_SECONDS, self._bury_orphans, loop)

    def _to_all(self, number: int) -> None:
        if self._child is not None and not self.at_terminal:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, number)

    def _left_something(self) -> bool:
        """Whether anybody of its group is still there, now that it is not itself."""
        if self._child is None or self.at_terminal:
            return False
        try:
            os.killpg(self._pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _bury(self) -> None:
        if self._child is not None and self.status is not None:
            self._child.wait()


@contextmanager
def _lowered(open_files: tuple[int, int] | None) -> Iterator[None]:
    """For a moment, the limit of open files that we were started with."""
    raised = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files is not None:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (open_files[0], raised[1]))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, raised)


def _nothing() -> None:
    """Nobody wants to know."""


def _at_terminal() -> bool:
    """Whether somebody at a terminal waits for us, and types what we read."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False
