"""What a rule file may look at beside itself: files of its folder, variables of the process."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

#: Time of change, size and inode of a file; None when it is not there.
Stamp = tuple[int, int, int] | None

_EMPTY: Final[Mapping[str, str]] = {}


class NotReadable(Exception):  # noqa: N818 - reads as what it says to the admin
    """A file or a variable that cannot be read; the text says which and why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Folder:
    """Where the paths in a rule file lead. Blocks: to be used in a thread, or before serving."""

    def __init__(self, base: Path, environment: Mapping[str, str] = _EMPTY) -> None:
        self.base = base
        self._environment = environment
        #: What was read before, by whoever read it, to be used again while it looks the same.
        self.remembered: dict[Any, Any] = {}

    def read(self, path: str, at_most: int) -> tuple[bytes, Stamp]:
        """The content of a file, and how it looked. Raises ``NotReadable``."""
        try:
            # A pipe would be waited for.
            descriptor = os.open(self.base / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
                seen = os.fstat(descriptor)
                if not stat.S_ISREG(seen.st_mode):
                    message = f"{path} is no regular file"
                    raise NotReadable(message, "name a file")
                # One byte more than may be: too large is then said as such.
                data = file.read(at_most + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            message = f"{path} cannot be read: {why}"
            raise NotReadable(message, "paths are relative to the rule file") from None
        if len(data) > at_most:
            message = f"{path} has more than the {at_most} bytes that are read of such a file"
            raise NotReadable(message)
        return data, _stamp(seen)

    def stamp(self, path: str) -> Stamp:
        """How a file looks at the moment."""
        try:
            return _stamp((self.base / path).stat())
        except (OSError, ValueError):
            return None

    def variable(self, name: str) -> str:
        """An environment variable. Raises ``NotReadable`` when it is not set, or is empty."""
        value = self._environment.get(name, "")
        if not value:
            message = f"the variable {name} is not set"
            raise NotReadable(message, "set it where the sidecar is started")
        return value

    def forget_all_but(self, kept: Collection[Any]) -> None:
        """Forget what was read for rules that are no more."""
        for name in [one for one in self.remembered if one not in kept]:
            del self.remembered[name]


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino
