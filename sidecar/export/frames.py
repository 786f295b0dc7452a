"""What sidecar and exporter tell each other: messages of known types, each with its length.

A frame is four bytes that say how long it is, and then its MessagePack.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Final, Generic, TypeVar

import msgspec

from sidecar.export.settings import ExportSettings
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.signals import LogRecord, Metric, Resource

_LENGTH_BYTES: Final = 4
#: No frame is longer; whoever says so is not the one we think it is.
MOST_BYTES: Final = 64 * 1024 * 1024


class Begin(msgspec.Struct, tag=True):
    """The first frame: who speaks, and where things go to."""

    resource: Resource
    settings: ExportSettings


class Records(msgspec.Struct, tag=True):
    """Exchanges that have ended."""

    #: To be added to their times to get seconds since 1970.
    wall_offset: float
    records: list[ExchangeRecord]


class Logs(msgspec.Struct, tag=True):
    """Log records: events, and lines of the service."""

    logs: list[LogRecord]


class Metrics(msgspec.Struct, tag=True):
    """All metrics at one moment."""

    metrics: list[Metric]
    #: The backends that they are for, by name.
    backends: list[str]


class End(msgspec.Struct, tag=True):
    """The last frame."""

    #: How long what is left may take to be delivered; then it goes to the disk, or is lost.
    seconds: float
    #: When that began, in monotonic seconds of this host; a frame may wait behind many others.
    since: float = inf


class BackendReport(msgspec.Struct):
    """How one backend is doing. Counts go on from the exporter's beginning."""

    name: str
    #: Items that the backend has, by signal.
    sent: dict[str, int]
    #: Items that are lost, by signal and reason.
    dropped: dict[str, dict[str, int]]
    #: Items in memory, by signal, those on their way included.
    waiting: dict[str, int]
    queue_bytes: int = 0
    spool_bytes: int = 0
    spool_documents: int = 0
    #: Seconds that the oldest item in memory has waited.
    oldest_seconds: float = 0.0
    #: Whether the last delivery was taken.
    is_up: bool = True
    #: What was wrong the last time, for people; empty while it is up.
    error: str = ""
    #: Deliveries that were taken, and those that failed as a whole or in part.
    requests_ok: int = 0
    requests_failed: int = 0
    #: How many deliveries took how long, by ``telemetry.export_metrics.EXPORT_BUCKETS``.
    request_counts: list[int] = []
    #: Seconds that all deliveries took together.
    request_seconds: float = 0.0


class Report(msgspec.Struct, tag=True):
    """How the exporter is doing, about once a second, and once more at its end."""

    #: Records, log records and metrics that have arrived, by the word for the frame.
    received: dict[str, int]
    backends: list[BackendReport]
    #: Records of which nothing could be made: a bug of ours, which costs them alone.
    unmade: int = 0
    #: Bytes of memory that the exporter holds.
    resident_bytes: int = 0
    #: Seconds of CPU that it has used.
    cpu_seconds: float = 0.0


#: From the sidecar.
Order = Begin | Records | Logs | Metrics | End

FrameT = TypeVar("FrameT")

_encoder: Final = msgspec.msgpack.Encoder()


def encode_frame(frame: Order | Report) -> bytes:
    """A frame as it goes over the socket."""
    body = _encoder.encode(frame)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class BadFrame(Exception):  # noqa: N818 - reads as what it says
    """What came over the socket is no frame that is known here."""


class FrameReader(Generic[FrameT]):
    """Puts together what comes over a socket in pieces."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[FrameT]) -> None:
        self._decoder = decoder
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[FrameT]:
        """The frames that are whole with these bytes.

        Raises ``BadFrame`` in the place of one that cannot be read; then all is over.
        """
        self._held += data
        at = 0
        try:
            while (end := self._end_of_frame(at)) is not None:
                frame = self._decoder.decode(self._held[at + _LENGTH_BYTES : end])
                at = end
                yield frame
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from error
        finally:
            del self._held[:at]

    def _end_of_frame(self, at: int) -> int | None:
        """Where the frame that begins here ends; None when it is not whole yet."""
        if len(self._held) < at + _LENGTH_BYTES:
            return None
        length = int.from_bytes(self._held[at : at + _LENGTH_BYTES], "big")
        if length > MOST_BYTES:
            raise BadFrame(f"a frame of {length} bytes")
        end = at + _LENGTH_BYTES + length
        return end if end <= len(self._held) else None


def order_reader() -> FrameReader[Order]:
    """Reads what the sidecar says."""
    return FrameReader(msgspec.msgpack.Decoder(Order))


def report_reader() -> FrameReader[Report]:
    """Reads what the exporter says."""
    return FrameReader(msgspec.msgpack.Decoder(Report))
