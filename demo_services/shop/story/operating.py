"""What an operator does at a terminal: ``sidecar`` commands against a sidecar that runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

_WITHIN_SECONDS: Final = 60.0
_WIDTH: Final = "110"


class Said(msgspec.Struct, frozen=True):
    """A command that was typed, and what it answered."""

    command: str
    status: int
    text: str

    @property
    def quote(self) -> str:
        """Both, as they stand at a terminal."""
        return f"$ {self.command}\n{self.text.rstrip()}"


def sidecar(state_directory: Path, *arguments: str) -> Said:
    """Run ``sidecar ARGUMENTS`` against the sidecar that has its sockets there.

    Raises OSError when it does not end in time.
    """
    environment = {
        **os.environ,
        "SIDECAR_ADMIN_SOCKET": str(state_directory),
        "COLUMNS": _WIDTH,
        "NO_COLOR": "1",
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "sidecar", *arguments],
            capture_output=True,
            text=True,
            timeout=_WITHIN_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"sidecar {arguments[0]} did not end in time") from error
    return Said(shlex.join(["sidecar", *arguments]), done.returncode, done.stdout + done.stderr)
