"""Puts changed rule files in force while requests run: all of a file, or nothing of it.

Reading and checking happens in a thread; going live is one assignment on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from watchfiles import awatch

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST
from sidecar.ruleset.folder import Folder, Stamp
from sidecar.ruleset.schema import RuleFile

#: How long to wait for more changes after one; editors write a file in several steps.
_SETTLE_MILLISECONDS = 50
#: How often the file is looked at though nobody has told of a change.
_GLANCE_MILLISECONDS = 1000

#: Time of change, size and inode.
_Stamp = tuple[int, int, int]
#: No file's: the first look at one always reads it.
_UNSEEN: _Stamp = (-1, -1, -1)


def _outbound_bind(file: RuleFile) -> object:
    outbound = file.listeners.outbound
    return None if outbound is None else outbound.bind


def _admin_bind(file: RuleFile) -> object:
    return None if file.admin is None else file.admin.bind


#: What cannot change while running, and the words for it.
_FIXED: tuple[tuple[tuple[str, ...], Callable[[RuleFile], object]], ...] = (
    (("service",), lambda file: file.service),
    (("listeners", "inbound", "bind"), lambda file: file.listeners.inbound.bind),
    (("listeners", "outbound", "bind"), _outbound_bind),
    (("listeners", "inbound", "tls"), lambda file: file.listeners.inbound.tls),
    (("telemetry", "logs", "file"), lambda file: file.telemetry.logs.file),
    (("telemetry", "logs", "application"), lambda file: file.telemetry.logs.application),
    (("telemetry", "prometheus"), lambda file: file.telemetry.prometheus),
    (("admin", "bind"), _admin_bind),
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
    changed = [path for path, value in _FIXED if value(old) != value(new.file)]
    before, after = _local_ports(old), _local_ports(new.file)
    changed += [
        ("upstreams", name, "local")
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    return [
        finding(
            "needs-restart",
            f"{'.'.join(path)} cannot change while running",
            new.document.name,
            new.document.span(path),
            "restart the sidecar, or take over with: sidecar run --take-over",
        )
        for path in changed
    ]


def _local_ports(file: RuleFile) -> dict[str, object]:
    return {name: spec.local for name, spec in file.upstreams.items() if spec.local is not None}


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
        folder: Folder | None = None,
    ) -> None:
        """``changed`` and ``unreadable`` are called on the loop.

        The files that the rule file names are read from ``folder``.
        """
        self._folder = folder
        self._path = path
        self._lines = current.document.lines
        self._changed = changed
        self._unreadable = unreadable
        self._stamp: _Stamp | None = _UNSEEN
        #: Files that the rule file names and that could not be used, as they looked.
        self._refused: Mapping[str, Stamp] = {}
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
                await self._read(text, forced=forced)

    async def _read(self, text: bytes, *, forced: bool) -> None:
        # What went wrong is not known as read: the next look, at whatever occasion, tries again.
        self._text = None
        try:
            checked = await asyncio.to_thread(check, text, str(self._path), self._folder)
            self._refused = checked.attachments.refused
            self._tell(checked, forced=forced)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, and the rules stay
            self._tell_trouble(f"cannot put {self._path} in force: {_named(error)}", forced=forced)
        else:
            self._text = text

    def _tell(self, checked: Checked, *, forced: bool) -> None:
        # What could not be read was said to be wrong: say that it is right again.
        if forced or self._trouble or checked.document.lines != self._lines:
            self._changed(checked)
            self._trouble = ""
            self._lines = checked.document.lines

    def _tell_trouble(self, trouble: str, *, forced: bool) -> None:
        if forced or trouble != self._trouble:
            self._trouble = trouble
            self._unreadable(trouble)

    async def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                await self._follow_or_glance()
            except Exception as error:  # noqa: BLE001 - a mistake of ours: the next look is another
                self._tell_trouble(f"cannot watch {self._path}: {_named(error)}", forced=False)
                await self._pause()

    async def _follow_or_glance(self) -> None:
        try:
            await self._follow()
        except (OSError, RuntimeError):
            # The system watches no more files, or the directory is gone: looking will do.
            await self._pause()
            await self._glance()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), _GLANCE_MILLISECONDS / 1000)

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
        """Read the file if it looks different, or if a file does that was wrong with it."""
        if await asyncio.to_thread(_stamp, self._path) != self._stamp:
            await self.look()
        elif self._refused:
            is_mended = await asyncio.to_thread(self._is_mended)
            if is_mended:
                await self.look(forced=True)

    def _is_mended(self) -> bool:
        folder = self._folder
        return folder is not None and any(
            folder.stamp(path) != seen for path, seen in self._refused.items()
        )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _stamp(path: Path) -> _Stamp | None:
    """What changes with a file; None when it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
