"""Lines of files that are being written, compressed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from sidecar.traces.trace import Unanswered

#: What files of documents are called.
ENDINGS: Final = tuple(
    f".{kind}{packed}" for kind in ("ndjson", "jsonl", "json") for packed in ("", ".gz")
)
#: A longer line is no document of ours.
_LINE_AT_MOST: Final = 1024 * 1024


def files(folder: Path, since: int = 0) -> list[Path]:
    """The files below a folder, the one that was written to last first; raises ``Unanswered``.

    ``since``: leave out those that were last written to before (nanoseconds since 1970).
    """
    try:
        if not folder.is_dir():
            raise Unanswered(f"{folder} is no folder")
        found = [(_written(path), path) for path in folder.rglob("*") if _is_ours(path)]
    except OSError as error:
        raise Unanswered(f"{folder} cannot be read: {error.strerror}") from error
    return [path for written, path in sorted(found, reverse=True) if written >= max(since, 1)]


def _is_ours(path: Path) -> bool:
    return path.name.endswith(ENDINGS) and path.is_file()


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # the oldest go while we look
        return 0


def lines(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each line from ``offset`` on, with where it ends; the last may not be whole yet.

    A file that has gone, or is torn, ends early. Raises ``Unanswered`` when it may not be read.
    """
    try:
        with _opened(path) as file:
            file.seek(offset)
            while line := file.readline(_LINE_AT_MOST):
                offset += len(line)
                yield offset, line
    except (FileNotFoundError, EOFError, zlib.error, gzip.BadGzipFile):
        return
    except OSError as error:
        raise Unanswered(f"{path} cannot be read: {error.strerror}") from error


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
