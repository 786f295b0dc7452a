"""Puts changed rule files in force while requests run: all of a file, or nothing of it.

Reading and checking happens in a thread; going live is one assignment on the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from watchfiles import awatch

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST
from sidecar.ruleset.schema import RuleFile

#: How long to wait for more changes after one; editors write a file in several steps.
_SETTLE_MILLISECONDS = 50

#: What cannot change while running, and the words for it.
_FIXED: tuple[tuple[tuple[str, ...], Callable[[RuleFile], object]], ...] = (
    (("service",), lambda file: file.service),
    (("listeners", "inbound", "bind"), lambda file: file.listeners.inbound.bind),
    (("listeners", "inbound", "tls"), lambda file: file.listeners.inbound.tls),
    (("telemetry",), lambda file: file.telemetry),
)


def load_rules(path: Path) -> Checked:
    """Read and check a rule file. Raises ``OSError`` when it cannot be read at all."""
    with path.open("rb") as file:
        # One byte more than may be: too large is then said as such.
        return check(file.read(FILE_BYTES_AT_MOST + 1), str(path))


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
    """Calls back with each new content of a rule file."""

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
            try:
                checked = await asyncio.to_thread(load_rules, self._path)
            except OSError as error:
                self._unreadable(f"cannot read {self._path}: {error.strerror or error}")
                return
            if forced or checked.document.lines != self._lines:
                self._lines = checked.document.lines
                self._changed(checked)

    async def _watch(self) -> None:
        # The directory, not the file: editors and ConfigMaps put a new file in its place.
        changes = awatch(
            self._path.parent,
            debounce=_SETTLE_MILLISECONDS,
            step=_SETTLE_MILLISECONDS // 5,
            stop_event=self._stop,
            recursive=False,
        )
        async for _ in changes:
            await self.look()
