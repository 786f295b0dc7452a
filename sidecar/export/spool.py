"""Documents that wait on disk: in order, bounded, and there again after the process was killed.

Nothing is fsynced: what a killed process has written is there, what a power cut takes may not be.
What was read and not yet confirmed is read again after a crash. Documents have ids, so that the
backend takes each once.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final, NamedTuple

import msgspec

from sidecar.export.disk import Disk, reason_of
from sidecar.export.item import Item, Signal
from sidecar.export.segment import ENDING, Found, Segment, read_items

_LOCK: Final = "lock"
_CHECKPOINT: Final = "checkpoint"
_SEGMENT_BYTES: Final = 8 * 1024 * 1024
#: Dropping the oldest file drops at most such a part of all.
_PARTS: Final = 16
_COUNTED_BYTES: Final = 1024 * 1024
#: The name of a file begins with when it was, in milliseconds since 1970.
_MOMENT_DIGITS: Final = 14

#: Told of each loss: signal, reason, how many.
Dropped = Callable[[Signal, str, int], None]


class Reading(NamedTuple):
    """Documents from the beginning of the spool, to be confirmed once they are delivered."""

    items: list[Item]
    segment: Segment
    end: int


class Spool:
    """The folder of one process, below one that all share; it adopts those of the dead.

    Nothing raises: when the disk fails, ``put`` takes nothing, and ``trouble`` says why.
    """

    def __init__(
        self,
        root: Path,
        limit_bytes: int,
        dropped: Dropped,
        wall: Callable[[], float],
        disk: Disk | None = None,
    ) -> None:
        self._root = root
        self._limit_bytes = limit_bytes
        self._segment_bytes = min(_SEGMENT_BYTES, limit_bytes // _PARTS)
        self._dropped = dropped
        self._wall = wall
        self._disk = disk or Disk()
        # Process ids are the same in every container.
        self._token = token_hex(4)
        self.folder = root / f"{os.getpid()}-{self._token}"
        self._lock: int | None = None
        self._segments: list[Segment] = []
        #: The descriptor of the last segment, while it is written to.
        self._writing: int | None = None
        self._reading: Reading | None = None
        self._offsets: dict[str, int] = {}
        self._trash: list[Path] = []
        self._names = 0
        #: The reason why nothing could be written the last time; empty when all is well.
        self.trouble = ""

    @property
    def bytes(self) -> int:
        """What the files hold."""
        return sum(one.size for one in self._segments)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._segments

    @property
    def documents(self) -> int:
        """How many documents wait."""
        return sum(one.documents for one in self._segments)

    @property
    def oldest_seconds(self) -> float:
        """For how long at most the first that waits has waited: since its file was begun."""
        moment = self._segments[0].path.name[:_MOMENT_DIGITS] if self._segments else ""
        # A file may have been put there by hand.
        return max(self._wall() - int(moment) / 1000, 0.0) if moment.isdecimal() else 0.0

    # --- writing

    def put(self, items: Sequence[Item]) -> int:
        """Write these at the end; how many of them, from the first on, are in safety.

        The oldest files make room, and are counted as ``spool_full``.
        """
        done = 0
        try:
            for group in self._groups(items):
                self._write(group)
                done += len(group)
        except OSError as error:
            self.trouble = reason_of(error)
            return done
        self.trouble = ""
        return done

    def _groups(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        """In pieces that fit into one file each."""
        group: list[Item] = []
        size = 0
        for item in items:
            if group and size + len(item.data) > self._segment_bytes:
                yield group
                group, size = [], 0
            group.append(item)
            size += len(item.data)
        if group:
            yield group

    def _write(self, group: list[Item]) -> None:
        data = b"".join([one.data for one in group])
        if len(data) > self._limit_bytes:
            self._dropped(group[0].signal, "spool_full", len(group))
            return
        while self._segments and self.bytes + len(data) > self._limit_bytes:
            self._give_up(self._segments[0], "spool_full")
        segment, descriptor = self._open(len(data))
        try:
            self._disk.append(descriptor, data)
        except OSError:
            self._cut(segment, descriptor)
            raise
        segment.size += len(data)
        segment.documents += len(group)

    def _open(self, size: int) -> tuple[Segment, int]:
        """The file to write to, a new one when the last has no room."""
        if self._writing is not None:
            last = self._segments[-1]
            if last.size + size <= self._segment_bytes:
                return last, self._writing
            self._end_segment()
        self._settle()
        self._names += 1
        moment = int(self._wall() * 1000)
        path = self.folder / f"{moment:0{_MOMENT_DIGITS}}-{self._names:06}-{self._token}{ENDING}"
        self._writing = self._disk.create(path)
        self._segments.append(Segment(path, 0))
        return self._segments[-1], self._writing

    def _cut(self, segment: Segment, descriptor: int) -> None:
        """Take away what a failed write has left; a file that stays torn gets nothing more."""
        with suppress(OSError):
            self._disk.truncate(descriptor, segment.size)
        self._end_segment()
        if segment.size == 0:
            self._forget(segment)

    def _end_segment(self) -> None:
        if self._writing is not None:
            with suppress(OSError):
                self._disk.close(self._writing)
            self._writing = None

    @property
    def _fresh(self) -> Path:
        """Our folder before it has its name."""
        return self._root / f".{self.folder.name}"

    def _settle(self) -> None:
        """Have a folder, and hold it. It gets its name once it is held, so nobody adopts it."""
        if self._lock is not None:
            return
        fresh = self._fresh
        self._disk.make_folder(fresh)
        held = self._disk.lock(fresh / _LOCK)
        if held is None:
            raise BlockingIOError(errno.EAGAIN, "somebody has adopted the folder already")
        try:
            self._disk.move(fresh, self.folder)
        except OSError:
            self._disk.close(held)
            with suppress(OSError):
                self._disk.remove(fresh / _LOCK)
                self._disk.remove_folder(fresh)
            raise
        self._lock = held

    # --- reading

    def read(self, most_items: int, most_bytes: int) -> Reading | None:
        """The oldest documents, until they are confirmed; None when there are none."""
        while self._segments:
            segment = self._segments[0]
            try:
                found = self._read(segment, most_items, most_bytes)
            except OSError:
                self._give_up(segment, "io_error")
                continue
            self._count_damage(segment, found)
            if found.items:
                self._reading = Reading(found.items, segment, segment.offset + found.end)
                return self._reading
            self._forget(segment)
        return None

    def _read(self, segment: Segment, most_items: int, most_bytes: int) -> Found:
        """Read on where it was left; a document that is larger than asked for is read whole."""
        size = most_bytes
        while True:
            data = self._disk.read(segment.path, segment.offset, size)
            is_end = len(data) < size
            found = read_items(data, most_items, is_end=is_end)
            if found.items or is_end:
                return found
            segment.offset += found.end
            self._count_damage(segment, found)
            size *= 2

    def _count_damage(self, segment: Segment, found: Found) -> None:
        for signal in found.damaged:
            self._dropped(signal, "torn", 1)
        segment.documents = max(segment.documents - len(found.damaged), len(found.items))

    def confirm(self, reading: Reading) -> None:
        """These are with the backend, or counted as lost: they are not read again."""
        self._reading = None
        segment = reading.segment
        if segment not in self._segments:
            return
        segment.documents = max(segment.documents - len(reading.items), 0)
        segment.offset = reading.end
        if segment.offset >= segment.size:
            self._forget(segment)
        else:
            self._offsets[segment.path.name] = segment.offset
        self._mark()

    def _mark(self) -> None:
        """Write down how far this is; when that fails, something is read twice."""
        with suppress(OSError):
            self._disk.write_whole(self.folder / _CHECKPOINT, msgspec.json.encode(self._offsets))

    # --- giving up

    def _give_up(self, segment: Segment, reason: str) -> None:
        """Lose a file; what is on its way to the backend is not lost by that."""
        at = segment.offset
        if self._reading is not None and self._reading.segment is segment:
            at = self._reading.end
        for signal, count in self._contents(segment, at).items():
            self._dropped(signal, reason, count)
        self._forget(segment)

    def _contents(self, segment: Segment, at: int) -> Counter[Signal]:
        """What waits in a file from there on."""
        counts: Counter[Signal] = Counter()
        try:
            data = self._disk.read(segment.path, at, segment.size)
        except OSError:
            counts[Signal.LOGS] += segment.documents
        else:
            counts.update(one.signal for one in read_items(data, len(data), is_end=True).items)
        return counts

    def _forget(self, segment: Segment) -> None:
        if self._writing is not None and segment is self._segments[-1]:
            self._end_segment()
        self._segments.remove(segment)
        self._offsets.pop(segment.path.name, None)
        self._trash.append(segment.path)
        self._empty_trash()

    def _empty_trash(self) -> None:
        """Delete what is not needed any more; what cannot be deleted now may be later."""
        with suppress(OSError):
            while self._trash:
                self._disk.remove(self._trash[-1])
                self._trash.pop()

    # --- those who are no more

    def adopt(self) -> int:
        """Take over what processes that are gone have left; how many documents that is."""
        before = self.documents
        folders: list[Path] = []
        with suppress(OSError):
            folders = self._disk.folders(self._root)
        for folder in folders:
            # One that is not ours is no reason to leave the next.
            with suppress(OSError):
                if folder.name.lstrip(".") != self.folder.name:
                    self._adopt(folder)
        while self._segments and self.bytes > self._limit_bytes:
            self._give_up(self._segments[0], "spool_full")
        return max(self.documents - before, 0)

    def _adopt(self, folder: Path) -> None:
        held = self._disk.lock(folder / _LOCK)
        if held is None:
            return
        try:
            self._settle()
            self._move_in(folder)
            for name in (_CHECKPOINT, f".{_CHECKPOINT}", _LOCK):
                self._disk.remove(folder / name)
            self._disk.remove_folder(folder)
        finally:
            self._disk.close(held)

    def _move_in(self, folder: Path) -> None:
        """Its files, each from where it was left, in their place among ours."""
        offsets = self._left_offsets(folder)
        self._offsets |= offsets
        self._mark()
        for path, size in self._disk.files(folder, ENDING):
            fresh = self.folder / path.name
            segment = Segment(fresh, size, min(max(offsets.get(path.name, 0), 0), size))
            segment.documents = self._count(path, segment.offset)
            self._disk.move(path, fresh)
            at = len(self._segments) - (self._writing is not None)
            self._segments.insert(at, segment)
            self._segments[: at + 1] = sorted(self._segments[: at + 1], key=lambda one: one.path)

    def _left_offsets(self, folder: Path) -> dict[str, int]:
        try:
            written = self._disk.read(folder / _CHECKPOINT, 0, _COUNTED_BYTES)
            return msgspec.json.decode(written, type=dict[str, int])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}

    def _count(self, path: Path, at: int) -> int:
        """How many documents stand in a file from there on, two lines each."""
        lines = 0
        while data := self._disk.read(path, at, _COUNTED_BYTES):
            lines += data.count(b"\n")
            at += len(data)
        return lines // 2

    def close(self) -> None:
        """Let others adopt what is left; a folder that holds nothing is removed."""
        self._end_segment()
        if self._lock is None:
            with suppress(OSError):
                self._disk.remove(self._fresh / _LOCK)
                self._disk.remove_folder(self._fresh)
            return
        self._empty_trash()
        with suppress(OSError):
            if not self._segments:
                for name in (_CHECKPOINT, f".{_CHECKPOINT}", _LOCK):
                    self._disk.remove(self.folder / name)
                self._disk.remove_folder(self.folder)
                self._disk.remove_folder(self._root)
        with suppress(OSError):
            self._disk.close(self._lock)
        self._lock = None
