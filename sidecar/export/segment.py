"""One file of the spool: the body of a bulk request, appended to, read from its beginning.

It can be shipped by hand as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from sidecar.export.item import Item, Signal

#: How the files are named that hold documents.
ENDING: Final = ".ndjson"


class _Target(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id", default="")


class _Action(msgspec.Struct):
    create: _Target


_actions: Final = msgspec.json.Decoder(_Action)
_sources: Final = msgspec.json.Decoder(msgspec.Raw)


class Segment(msgspec.Struct):
    """A file with documents that wait."""

    path: Path
    size: int
    #: What lies before it is with the backend.
    offset: int = 0
    #: Documents that wait.
    documents: int = 0


class Found(NamedTuple):
    """What could be read of some bytes."""

    items: list[Item]
    #: How far these bytes have been read.
    end: int
    #: Documents that are cut or overwritten, by the signal that they seem to have been.
    damaged: list[Signal]


def read_items(data: bytes, most_items: int, *, is_end: bool) -> Found:
    """Read documents from these bytes; ``is_end`` when no more follow, so that a rest is torn."""
    items: list[Item] = []
    damaged: list[Signal] = []
    at, signal, is_torn = 0, Signal.LOGS, False
    while at < len(data) and len(items) < most_items:
        first = data.find(b"\n", at) + 1
        second = data.find(b"\n", first) + 1 if first else 0
        if not second and not is_end:
            break
        item = _item(data, at, first, second) if second else None
        if item is not None:
            items.append(item)
            at, signal, is_torn = second, item.signal, False
            continue
        if not is_torn:
            damaged.append(signal)
        is_torn, at = True, first or len(data)
    return Found(items, at, damaged)


def _item(data: bytes, at: int, first: int, second: int) -> Item | None:
    """The document of these two lines; None when they are none."""
    try:
        target = _actions.decode(memoryview(data)[at:first]).create
        _sources.decode(memoryview(data)[first:second])
        signal = Signal(target.index.partition("-")[0])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
    if data[first : first + 1] != b"{":
        return None
    return Item(signal, target.id, data[at:second])
