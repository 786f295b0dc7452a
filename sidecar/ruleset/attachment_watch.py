"""Lists and other files that the rules name go into force alone, when they change.

They are looked at a few times a second, which finds every change of every file system; reading
happens in a thread, going live is one assignment on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from sidecar.model.files import Form
from sidecar.ruleset.attachments import Attachments, BadContent, Loaded, Use, load
from sidecar.ruleset.folder import Folder, NotReadable, Stamp

#: A change is found and read within three of these looks.
LOOK_SECONDS: Final = 0.1
#: For so many looks a file that goes on changing is left alone: somebody is writing it.
_PATIENCE_LOOKS: Final = 3


class Told(Protocol):
    """Who hears of changed files; called on the loop."""

    def file_changed(self, use: Use) -> None:
        """The new content of a file is in force, or its old content is there again."""
        ...

    def file_failed(self, use: Use, why: str) -> None:
        """A changed file cannot be used: its content from before stays in force."""
        ...


class AttachmentWatch:
    """Looks after the files of the rules in force."""

    def __init__(
        self,
        folder: Folder,
        current: Callable[[], Attachments],
        told: Told,
        all_again: Callable[[], Awaitable[None]],
    ) -> None:
        """``all_again`` reads the rule file anew, for files that rules are compiled with."""
        self._folder = folder
        self._current = current
        self._told = told
        self._all_again = all_again
        #: How a file looked that was left alone for the moment, and at how many looks.
        self._unsettled: dict[Use, tuple[Stamp, int]] = {}
        #: How a file looked that could not be used.
        self._failed: dict[Use, Stamp] = {}
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look until ``stop``."""
        self._task = loop.create_task(self._watch())

    async def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _watch(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), LOOK_SECONDS)
                return
            await self.look()

    async def look(self) -> None:
        """Look at every file once, and put those in force that have changed."""
        attached = self._current()
        if not attached.stamps:
            return
        seen = await asyncio.to_thread(self._stamps, [*attached.stamps])
        for use, stamp in seen.items():
            if self._current() is not attached:
                # Other rules went into force meanwhile, and read their files when they did.
                return
            if stamp == attached.stamps[use]:
                self._found_as_before(use)
            elif self._failed.get(use, ()) != stamp and self._is_settled(use, stamp):
                await self._renew(use, stamp, attached)

    def _stamps(self, uses: list[Use]) -> dict[Use, Stamp]:
        return {use: self._folder.stamp(use[0]) for use in uses}

    def _found_as_before(self, use: Use) -> None:
        self._unsettled.pop(use, None)
        if use in self._failed:
            del self._failed[use]
            self._told.file_changed(use)

    def _is_settled(self, use: Use, stamp: Stamp) -> bool:
        """Whether nobody is writing the file: it looks as it did at the last look."""
        before, looks = self._unsettled.get(use, ((), 0))
        if before == stamp or looks >= _PATIENCE_LOOKS:
            self._unsettled.pop(use, None)
            return True
        self._unsettled[use] = stamp, looks + 1
        return False

    async def _renew(self, use: Use, stamp: Stamp, attached: Attachments) -> None:
        # Whatever comes of it, this content is not tried twice.
        self._failed[use] = stamp
        if use[1] is Form.CONTENT:
            await self._all_again()
            return
        try:
            loaded = await asyncio.to_thread(load, self._folder, use)
        except (NotReadable, BadContent) as problem:
            self._told.file_failed(use, str(problem))
        except Exception as error:  # noqa: BLE001 - a mistake of ours, and the content stays
            self._told.file_failed(use, f"{use[0]}: {type(error).__name__}: {error}")
        else:
            self._put_in_force(use, loaded, attached)

    def _put_in_force(self, use: Use, loaded: Loaded, attached: Attachments) -> None:
        del self._failed[use]
        if self._current() is attached:
            attached.replace(use, loaded)
            self._told.file_changed(use)
