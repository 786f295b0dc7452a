"""The form in which a cluster takes documents, as far as its answers have told.

Documents are made for data streams. Where no template makes such a stream they go to an index a
day that begins with its name, so that the same patterns find them; and a time series stream makes
ids by itself, of the dimensions and the moment of each document.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from sidecar.export.item import Item

#: After so long a stream is asked for anew: somebody may have provisioned the cluster.
STREAMLESS_SECONDS: Final = 600.0

_NAME: Final = re.compile(rb'\{"create":\{"_index":"([^"\\]*)"')
_MOMENT: Final = re.compile(rb'"@timestamp":"?(\d+)')


class BulkForm:
    """Remembers what streams are like, by their names; ``now`` is in monotonic seconds."""

    def __init__(self) -> None:
        self._streamless: dict[str, float] = {}
        self._unnamed: set[str] = set()

    def streamless(self, item: Item, now: float) -> None:
        """No template makes the stream that this document is for."""
        self._streamless[_stream(item)] = now

    def has_stream(self, item: Item) -> None:
        """There is one after all."""
        self._streamless.pop(_stream(item), None)

    def unnamed(self, item: Item) -> None:
        """The stream that this document is for wants no ids."""
        self._unnamed.add(_stream(item))

    def data(self, item: Item, now: float) -> bytes:
        """The two lines of a document as they have to be sent."""
        if not self._streamless and not self._unnamed:
            return item.data
        name = _stream(item)
        since = self._streamless.get(name)
        if since is not None and now - since > STREAMLESS_SECONDS:
            del self._streamless[name]
            since = None
        if since is None and name not in self._unnamed:
            return item.data
        action, _, source = item.data.partition(b"\n")
        wanted: dict[str, Any] = msgspec.json.decode(action)["create"]
        if since is not None:
            wanted |= {"_index": dated_index(item), "require_data_stream": False}
        if name in self._unnamed:
            wanted.pop("_id", None)
        return msgspec.json.encode({"create": wanted}) + b"\n" + source


def dated_index(item: Item) -> str:
    """The index of the day of this document: the same whenever it is sent again."""
    found = _MOMENT.search(item.source)
    at = int(found[1]) // 1000 if found is not None else 0
    return f"{_stream(item)}-{datetime.fromtimestamp(at, UTC):%Y.%m.%d}"


def _stream(item: Item) -> str:
    found = _NAME.match(item.data)
    return found[1].decode() if found is not None else ""
