"""One span, log record or metric point in the form that its backend takes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from sidecar.telemetry.signals import LogRecord, Metric, Span


class Signal(StrEnum):
    """What something is: the word by which it is counted."""

    TRACES = "traces"
    LOGS = "logs"
    METRICS = "metrics"


class Item(msgspec.Struct, frozen=True, gc=False):
    """One thing to be delivered. What fails is tried again item by item."""

    signal: Signal
    #: The same whenever the same thing is told again, so that a backend can tell that it has it.
    id: str
    #: For Elasticsearch and files two lines as in the body of a bulk request, each with its line
    #: feed: what to do, and the document. For OTLP the encoded message.
    data: bytes

    @property
    def source(self) -> bytes:
        """The second line of two: the document, with its line feed."""
        return self.data[self.data.index(b"\n") + 1 :]


class Encoding(Protocol):
    """Turns signals into items, for one backend.

    What cannot be encoded is left out, and counted by whoever asks: fewer items come back.
    """

    def spans(self, spans: Sequence[Span]) -> list[Item]:
        """Items of these spans; a span may give several."""
        ...

    def logs(self, logs: Sequence[LogRecord]) -> list[Item]:
        """Items of these log records."""
        ...

    def metrics(self, metrics: Sequence[Metric]) -> list[Item]:
        """Items of these metrics."""
        ...
