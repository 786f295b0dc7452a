"""What the spool does to the file system, call by call: the place where disks fail."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_LOCK: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def reason_of(error: OSError) -> str:
    """The word for what went wrong, one of ``telemetry.reasons``."""
    return "disk_full" if error.errno in _FULL else "io_error"


class Disk:
    """The real file system. Everything may raise ``OSError``."""

    def make_folder(self, path: Path) -> None:
        """Make a folder, and those above it; it may be there."""
        path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def folders(self, path: Path) -> list[Path]:
        """The folders in this one."""
        return sorted(one for one in path.iterdir() if one.is_dir())

    def files(self, path: Path, ending: str) -> list[tuple[Path, int]]:
        """The files of this ending with their sizes, by name."""
        return [(one, one.stat().st_size) for one in sorted(path.glob(f"*{ending}"))]

    def create(self, path: Path) -> int:
        """Begin a file that is not there; a descriptor to append to."""
        return os.open(path, _NEW, _FILE_MODE)

    def append(self, descriptor: int, data: bytes) -> None:
        """Write all of it; when that fails, a part may be there."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut off what is beyond."""
        os.ftruncate(descriptor, size)

    def close(self, descriptor: int) -> None:
        """Let go of a file."""
        os.close(descriptor)

    def read(self, path: Path, at: int, size: int) -> bytes:
        """So many bytes from there on, fewer at the file's end."""
        with path.open("rb") as file:
            file.seek(at)
            return file.read(size)

    def write_whole(self, path: Path, data: bytes) -> None:
        """Replace what stands in a file, so that nobody ever reads half of it."""
        fresh = path.with_name(f".{path.name}")
        fresh.write_bytes(data)
        fresh.replace(path)

    def move(self, path: Path, to: Path) -> None:
        """Rename a file."""
        path.rename(to)

    def remove(self, path: Path) -> None:
        """Delete a file; it need not be there."""
        path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Delete a folder that is empty."""
        path.rmdir()

    def lock(self, path: Path) -> int | None:
        """Hold this file for as long as the descriptor is open; None when somebody else does."""
        descriptor = os.open(path, _LOCK, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError:
            # Held by somebody, or deleted by whoever held it until now.
            pass
        with suppress(OSError):
            os.close(descriptor)
        return None
