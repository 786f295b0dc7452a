"""The backend that needs no server: documents go to files, a line each, as Elasticsearch gets them.

Files of one signal follow each other by their names, and all of them together are bounded: the
oldest go first. Several sidecars may share a folder, and then share its bound.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from sidecar.export.backend import TAKEN, Delivery, failed
from sidecar.export.item import Item, Signal

ENDING: Final = ".ndjson"
#: A file holds at most such a part of all that is kept.
_PARTS: Final = 16
_MOST_BYTES: Final = 16 * 1024 * 1024
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_MODE: Final = 0o640


class _Open:
    """A file that is written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, _NEW, _MODE)
        self.size = 0

    @property
    def is_there(self) -> bool:
        """Whether it still has a name: anybody may delete it."""
        return os.fstat(self.descriptor).st_nlink > 0

    def append(self, data: bytes) -> None:
        """Write all of it, or nothing. Raises ``OSError``."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            os.close(self.descriptor)


class FilesBackend:
    """``wall`` is the time in seconds since 1970; names begin with it."""

    name = "files"

    def __init__(self, folder: Path, at_most_bytes: int, wall: Callable[[], float]) -> None:
        self._folder = folder
        self._at_most_bytes = at_most_bytes
        self._file_bytes = min(_MOST_BYTES, at_most_bytes // _PARTS)
        self._wall = wall
        # Others write to the same folder, perhaps from another container with the same numbers.
        self._token = token_hex(3)
        self._open: dict[Signal, _Open] = {}
        self._begun = 0

    def deliver(self, items: Sequence[Item]) -> Delivery:
        """Write these; what cannot be written is to be tried again."""
        by_signal: dict[Signal, list[int]] = {}
        for place, item in enumerate(items):
            by_signal.setdefault(item.signal, []).append(place)
        again: list[int] = []
        error = ""
        for signal, places in by_signal.items():
            try:
                self._write(signal, b"".join([items[place].source for place in places]))
            except OSError as trouble:
                again += places
                error = f"{self._folder}: {trouble.strerror}"
        if not again:
            return TAKEN
        return (
            Delivery(again=again, error=error) if len(again) < len(items) else failed(items, error)
        )

    def close(self) -> None:
        """Let go of the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _write(self, signal: Signal, data: bytes) -> None:
        file = self._open.get(signal)
        if file is None or file.size >= self._file_bytes or not file.is_there:
            file = self._begin(signal)
        file.append(data)

    def _begin(self, signal: Signal) -> _Open:
        """The next file of a signal."""
        before = self._open.pop(signal, None)
        if before is not None:
            before.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room()
        self._begun += 1
        moment = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{signal.value}-{moment}-{self._token}-{self._begun:04}{ENDING}"
        file = self._open[signal] = _Open(self._folder / name)
        return file

    def _make_room(self) -> None:
        """Delete the oldest, so that there is room for what is written to now."""
        found = sorted(_files(self._folder))
        room = self._at_most_bytes - len(Signal) * self._file_bytes
        held = sum(size for _, _, size in found)
        in_use = {one.path for one in self._open.values()}
        for _, path, size in found:
            if held <= room:
                break
            if path not in in_use:
                with suppress(OSError):
                    path.unlink()
                held -= size


def _files(folder: Path) -> list[tuple[str, Path, int]]:
    """The files that are ours by their names: when they were begun, where, and how large."""
    found = []
    for signal in Signal:
        for path in folder.glob(f"{signal.value}-*{ENDING}"):
            with suppress(OSError):
                found.append((path.name.partition("-")[2], path, path.stat().st_size))
    return found
