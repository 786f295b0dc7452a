"""Where the kernel keeps account of this process's control groups: of version 2, or 1, or both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
GROUPS: Final = Path("/sys/fs/cgroup")


def groups_of(proc: Path = PROC) -> dict[str, str]:
    """The control group of this process by controller; that of version 2 has no name."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            found |= dict.fromkeys(controllers.split(","), path)
    return found


def upwards(path: str) -> Iterator[Path]:
    """A group and those around it, the root last. In a container it often is the only one seen."""
    group = Path(path.lstrip("/"))
    yield from (group, *group.parents)
