"""Files that commands write: whole, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> bool:
    """Write a file unless it has this text already; say whether it was written.

    Whoever reads it meanwhile sees the one from before or this one. A link stays a link, and the
    rights of a file that was there stay. Raises OSError, and then nothing has changed.
    """
    if read_text(path) == text:
        return False
    real = Path(os.path.realpath(path))
    temporary = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            temporary.chmod(real.stat().st_mode & 0o7777)
        temporary.replace(real)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return True


def read_text(path: Path) -> str | None:
    """What is in a file; None when it cannot be read as text."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
