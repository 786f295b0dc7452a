"""Which services there are in files, and what their spans are called."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from sidecar.traces.lines import lines
from sidecar.traces.trace import UNKNOWN_SERVICE, Operation

#: What a file may have; more is no longer a choice that anybody makes.
_NAMES_AT_MOST: Final = 10_000


class _Speaker(msgspec.Struct):
    attributes: dict[str, Any] = {}


class _Named(msgspec.Struct):
    duration: int | float | None = None
    name: str = ""
    kind: str = ""
    resource: _Speaker = msgspec.field(default_factory=_Speaker)


_DECODER: Final = msgspec.json.Decoder(_Named)


class _Known(msgspec.Struct):
    """What was found in a file up to a place."""

    inode: int
    offset: int
    names: set[tuple[str, Operation]]


class FileNames:
    """Remembers what it has read: of files that have grown only the rest is looked at."""

    def __init__(self) -> None:
        self._known: dict[Path, _Known] = {}
        # Questions come from several threads.
        self._lock = threading.Lock()

    def of(self, paths: Iterable[Path]) -> set[tuple[str, Operation]]:
        """Services, each with what one of its spans is called. Raises ``Unanswered``."""
        with self._lock:
            found = {}
            for path in paths:
                with suppress(FileNotFoundError):
                    found[path] = self._look_at(path)
            self._known = found
            return {name for known in found.values() for name in known.names}

    def _look_at(self, path: Path) -> _Known:
        status = path.stat()
        known = self._known.get(path)
        if known is None or known.inode != status.st_ino or known.offset > status.st_size:
            known = _Known(status.st_ino, 0, set())
        if path.suffix == ".gz":
            # Offsets are those of the text within: such a file is whole, and read once.
            if not known.offset:
                _read(path, known)
                known.offset = status.st_size
        elif known.offset < status.st_size:
            _read(path, known)
        return known


def _read(path: Path, known: _Known) -> None:
    for end, line in lines(path, known.offset):
        if not line.endswith(b"\n"):
            return
        known.offset = end
        if len(known.names) < _NAMES_AT_MOST:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                _note(_DECODER.decode(line), known.names)


def _note(span: _Named, names: set[tuple[str, Operation]]) -> None:
    if span.duration is not None:
        service = span.resource.attributes.get("service.name", "") or UNKNOWN_SERVICE
        names.add((str(service), Operation(span.name, span.kind.lower())))
