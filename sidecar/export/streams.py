"""The data streams of Elasticsearch that documents go to, and the two lines that bring them there.

A name is made of three parts: what it is, the dataset, and the namespace that the rule file
chooses. What the sidecar tells is in the dataset ``governance``. What the service itself prints is
in ``application``: its fields are not of our choosing, so they cannot clash with ours, and it can
be kept for another time and shown to other people.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

import msgspec

from sidecar.export.item import Item, Signal
from sidecar.telemetry.signals import Resource

GOVERNANCE: Final = "governance"
APPLICATION: Final = "application"

_NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
#: Twenty characters when written: as long as the ids that Elasticsearch itself makes.
_ID_BYTES: Final = 15

encode: Final = msgspec.json.Encoder().encode


def moment(nanoseconds: int) -> str:
    """Nanoseconds since 1970 as milliseconds with a fraction.

    Elasticsearch reads a decimal fraction, so it is padded; the collector's exporter forgets that.
    """
    milliseconds, rest = divmod(nanoseconds, _NANOSECONDS_PER_MILLISECOND)
    return f"{milliseconds}.{rest:06}" if rest else f"{milliseconds}.0"


def milliseconds(nanoseconds: int) -> int:
    """Nanoseconds since 1970 as whole milliseconds."""
    return nanoseconds // _NANOSECONDS_PER_MILLISECOND


class Stream:
    """One data stream, with what all of its documents have in common."""

    __slots__ = ("_resource", "_signal", "_start", "_tail", "name")

    def __init__(
        self, signal: Signal, dataset: str, namespace: str, resource: Resource, scope: Any
    ) -> None:
        self._signal = signal
        self.name = f"{signal.value}-{dataset}.otel-{namespace}"
        self._start = b'{"create":{"_index":%b,"_id":"' % encode(self.name)
        shared = {
            "data_stream": {"type": signal.value, "dataset": dataset, "namespace": namespace},
            "resource": {"attributes": resource.attributes} if resource.attributes else {},
            "scope": scope,
        }
        # Hashed once, as the beginning of each id: two who speak at one moment are two.
        self._resource = blake2b(encode(resource.attributes), digest_size=_ID_BYTES)
        self._tail = b"," + encode(shared)[1:] + b"\n"

    def item(self, own: bytes, identity: bytes, templates: bytes = b"") -> Item:
        """The item for a document.

        ``own`` is the JSON of what is its own, ``templates`` what its dynamic templates are, as
        JSON, when it has some. Its id is the same whenever ``identity`` is.
        """
        hashed = self._resource.copy()
        hashed.update(identity)
        name = urlsafe_b64encode(hashed.digest()).decode("ascii")
        named = b',"dynamic_templates":' + templates if templates else b""
        data = b'%b%b"%b}}\n%b%b' % (
            self._start,
            name.encode("ascii"),
            named,
            own[:-1],
            self._tail,
        )
        return Item(self._signal, name, data)
