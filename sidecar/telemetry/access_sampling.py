"""Which requests have a line in the access log when not all of them have."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry.record import ExchangeRecord

#: Trace ids are random in these bits at least (W3C Trace Context 2, 3.2.2.3).
_RANDOM_BITS: Final = 56
_RANDOM_DIGITS: Final = 14
_NEVER: Final = b"g"


class AccessSampling:
    """A share of the requests, the same ones on every sidecar; the notable ones in any case.

    Chosen by the end of the trace id, as traces are: a sampled trace has its lines where the
    share of lines is not below that of traces.
    """

    __slots__ = ("_threshold", "share")

    def __init__(self, share: float) -> None:
        self.share = share
        below = round((1 - share) * 2**_RANDOM_BITS)
        self._threshold = b"%014x" % below if below < 2**_RANDOM_BITS else _NEVER

    @property
    def takes_all(self) -> bool:
        """Whether each request has a line."""
        return self.share >= 1

    def takes(self, record: ExchangeRecord) -> bool:
        """Whether this one has a line."""
        return record.trace_id[-_RANDOM_DIGITS:] >= self._threshold or is_notable(record)


def is_notable(record: ExchangeRecord) -> bool:
    """Whether it failed, was refused, or was answered by a fallback."""
    return bool(record.reason or record.rule or record.fallback) or record.status >= 500
