"""What is decided before the rule file is read: where state lives, which event loop, how to stop.

Every option of ``sidecar run`` can also be given as ``SIDECAR_*`` in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class CannotStart(Exception):  # noqa: N818 - reads as what it says to the user
    """Why the sidecar does not run, in one sentence for whoever started it."""

    def __init__(self, why: str, status: int = 1) -> None:
        """``status`` is the exit status that says so to machines."""
        super().__init__(why)
        self.status = status


#: Below a folder for what runs, or for what programs keep.
_FOLDER: Final = "governance-sidecar"


class LoopKind(StrEnum):
    """The event loop to run on."""

    UVLOOP = "uvloop"
    ASYNCIO = "asyncio"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run of the sidecar."""

    rule_file: Path
    #: Holds the control and admin sockets and ``addresses.json``; None for the default place.
    state_dir: Path | None = None
    loop: LoopKind = LoopKind.UVLOOP
    take_over: bool = False
    #: Seconds that running requests have to finish once the sidecar was told to stop.
    drain_seconds: float = 30.0
    #: What to start, and to be around; nothing when the service is started by somebody else.
    command: tuple[str, ...] = ()
    #: Seconds that it has to end once it was told to.
    stop_seconds: float = 10.0
    #: How many files it may open, and the most that it may ask for; None for as many as we may.
    open_files: tuple[int, int] | None = None


def default_state_dir(service: str, bind: str, environment: Mapping[str, str]) -> Path:
    """Where a sidecar keeps its sockets when nobody says where.

    Two sidecars cannot listen on the same address, so the address tells their directories apart;
    with a port that the system chooses, the process id does.
    """
    base = state_dirs(environment)[0].parent
    name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in bind)
    if bind.endswith(":0"):
        name = f"{name}-{os.getpid()}"
    return base / _FOLDER / f"{service}-{name}"


def state_dirs(environment: Mapping[str, str]) -> list[Path]:
    """The folders that have one for each sidecar, ours first."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    found = [Path(runtime)] if runtime else []
    found += [Path("/run")] if os.geteuid() == 0 else []
    found += [Path(environment.get("HOME", "/tmp")) / ".local" / "state"]  # noqa: S108 - no home
    return [base / _FOLDER for base in found]
