"""Puts changed rule files in force while requests run: all of a file, or nothing of it.

Reading and checking happens in a thread; going live is one assignment on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from watchfiles import awatch

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST
from sidecar.ruleset.schema import RuleFile

#: How long to wait for more changes after one; editors write a file in several steps.
_SETTLE_MILLISECONDS = 50
#: How often the file is looked at though nobody has told of a change.
_GLANCE_MILLISECONDS = 1000

#: Time of change, size and inode.
_Stamp = tuple[int, int, int]
#: No file's: the first look at one always reads it.
_UNSEEN: _Stamp = (-1, -1, -1)

#: What cannot change while running, and the words for it.
_FIXED: tuple[tuple[tuple[str, ...], Callable[[RuleFile], object]], ...] = (
    (("service",), lambda file: file.service),
    (("listeners", "inbound", "bind"), lambda file: file.listeners.inbound.bind),
    (("listeners", "inbound", "tls"), lambda file: file.listeners.inbound.tls),
    (("telemetry",), lambda file: file.telemetry),
)


def read_rules(path: Path) -> bytes:
    """What is in a rule file. Raises ``OSError`` when it cannot be read at all."""
    with path.open("rb") as file:
        # One byte more than may be: too large is then said as such.
        return file.read(FILE_BYTES_AT_MOST + 1)


def needs_restart(old: RuleFile, new: Checked) -> list[Diagnostic]:
    """What ``new`` changes that cannot change while running."""
    if new.file is None:
        return []
    return [
        finding(
            "needs-restart",
            f"{'.'.join(path)} cannot change while running",
            new.document.name,
            new.document.span(path),
            "restart the sidecar, or take over with: sidecar run --take-over",
        )
        for path, value in _FIXED
        if value(old) != value(new.file)
    ]


class Watcher:
    """Calls back with each new content of a rule file.

    The system tells of changes at once. Besides, the file is looked at every second: the system
    does not tell of a change made while watching began, behind a link or on a network's disk.
    """

    def __init__(
        self,
        path: Path,
        current: Checked,
        changed: Callable[[Checked], None],
        unreadable: Callable[[str], None],
    ) -> None:
        """``changed`` and ``unreadable`` are called on the loop."""
        self._path = path
        self._lines = current.document.lines
        self._changed = changed
        self._unreadable = unreadable
        self._stamp: _Stamp | None = _UNSEEN
        self._text: bytes | None = None
        self._trouble = ""
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch until ``stop``."""
        self._task = loop.create_task(self._watch())

    async def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def look(self, *, forced: bool = False) -> None:
        """Read the file; tell if its content is new, or in any case when ``forced``."""
        async with self._reading:
            self._stamp = await asyncio.to_thread(_stamp, self._path)
            try:
                text = await asyncio.to_thread(read_rules, self._path)
            except OSError as error:
                self._text = None
                trouble = f"cannot read {self._path}: {error.strerror or error}"
                self._tell_trouble(trouble, forced=forced)
                return
            # Most of what happens in a directory has nothing to do with the rules.
            if forced or text != self._text:
                self._text = text
                self._tell(await asyncio.to_thread(check, text, str(self._path)), forced=forced)

    def _tell(self, checked: Checked, *, forced: bool) -> None:
        # What could not be read was said to be wrong: say that it is right again.
        if forced or self._trouble or checked.document.lines != self._lines:
            self._trouble = ""
            self._lines = checked.document.lines
            self._changed(checked)

    def _tell_trouble(self, trouble: str, *, forced: bool) -> None:
        if forced or trouble != self._trouble:
            self._trouble = trouble
            self._unreadable(trouble)

    async def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                await self._follow()
            except (OSError, RuntimeError):
                # The system watches no more files, or the directory is gone: looking will do.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _GLANCE_MILLISECONDS / 1000)
                await self._glance()

    async def _follow(self) -> None:
        # The directory, not the file: editors and ConfigMaps put a new file in its place.
        changes = awatch(
            self._path.parent,
            watch_filter=None,
            debounce=_SETTLE_MILLISECONDS,
            step=_SETTLE_MILLISECONDS // 2,
            stop_event=self._stop,
            rust_timeout=_GLANCE_MILLISECONDS,
            yield_on_timeout=True,
            recursive=False,
        )
        async for change in changes:
            if change:
                await self.look()
            else:
                await self._glance()

    async def _glance(self) -> None:
        """Read the file if it looks different."""
        if await asyncio.to_thread(_stamp, self._path) != self._stamp:
            await self.look()


def _stamp(path: Path) -> _Stamp | None:
    """What changes with a file; None when it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
