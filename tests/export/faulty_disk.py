"""A real folder on a disk that fails, or a process that is killed, at a chosen call."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from sidecar.export.disk import Disk


class Killed(BaseException):
    """The process ends here, as by SIGKILL."""


class FaultyDisk(Disk):
    """Counts down with each call that changes something; then fails for so many calls."""

    def __init__(self) -> None:
        self.fault: int | None = None
        self.countdown = -1
        self.times = 0

    def fail(self, fault: int | None, countdown: int, times: int = 1) -> None:
        """``fault`` is an errno, None for being killed; ``countdown`` calls still go well."""
        self.fault, self.countdown, self.times = fault, countdown, times

    def heal(self) -> None:
        self.countdown = -1

    def _step(self) -> bool:
        """Whether this call is to fail."""
        if self.countdown < 0:
            return False
        if self.countdown > 0:
            self.countdown -= 1
            return False
        self.times -= 1
        if self.times <= 0:
            self.countdown = -1
        return True

    def _raise(self) -> None:
        if self.fault is None:
            raise Killed
        raise OSError(self.fault, os.strerror(self.fault))

    def _guard(self) -> None:
        if self._step():
            self._raise()

    def append(self, descriptor: int, data: bytes) -> None:
        if self._step():
            super().append(descriptor, data[: len(data) // 2])
            self._raise()
        super().append(descriptor, data)

    def write_whole(self, path: Path, data: bytes) -> None:
        if self._step():
            path.with_name(f".{path.name}").write_bytes(data[:3])
            self._raise()
        super().write_whole(path, data)

    def make_folder(self, path: Path) -> None:
        self._guard()
        super().make_folder(path)

    def create(self, path: Path) -> int:
        self._guard()
        return super().create(path)

    def truncate(self, descriptor: int, size: int) -> None:
        self._guard()
        super().truncate(descriptor, size)

    def move(self, path: Path, to: Path) -> None:
        self._guard()
        super().move(path, to)

    def remove(self, path: Path) -> None:
        self._guard()
        super().remove(path)

    def remove_folder(self, path: Path) -> None:
        self._guard()
        super().remove_folder(path)


FAULTS: list[Any] = [errno.ENOSPC, errno.EIO, errno.EROFS]
