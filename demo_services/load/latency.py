"""Latencies in HDR histograms: every value counts, each kept to within one percent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from hdrh.histogram import HdrHistogram

_MICROSECONDS: Final = 1_000_000
_LONGEST_MICROSECONDS: Final = 120 * _MICROSECONDS
_SIGNIFICANT_DIGITS: Final = 2


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of latencies; all zero when nothing was recorded."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    #: The histogram itself, in microseconds, in the HdrHistogram V2 interchange encoding.
    hdr: str


class LatencyHistogram:
    """Takes latencies in, gives their distribution out."""

    __slots__ = ("_histogram",)

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST_MICROSECONDS, _SIGNIFICANT_DIGITS)

    def record(self, seconds: float) -> None:
        """Count one latency; beyond two minutes it counts as two minutes."""
        microseconds = max(int(seconds * _MICROSECONDS), 1)
        self._histogram.record_value(min(microseconds, _LONGEST_MICROSECONDS))

    def merge(self, latency: Latency) -> None:
        """Count everything that another distribution counted."""
        self._histogram.decode_and_add(latency.hdr.encode())

    def summary(self) -> Latency:
        """The distribution so far."""
        return Latency(
            count=self._histogram.get_total_count(),
            p50_ms=self._percentile_ms(50),
            p90_ms=self._percentile_ms(90),
            p99_ms=self._percentile_ms(99),
            p999_ms=self._percentile_ms(99.9),
            max_ms=self._percentile_ms(100),
            hdr=self._histogram.encode().decode(),
        )

    def _percentile_ms(self, percentile: float) -> float:
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000


def percentiles_ms(latency: Latency, percentiles: Sequence[float]) -> list[float]:
    """The latencies that so many percent do not exceed, read off the histogram itself."""
    histogram = HdrHistogram.decode(latency.hdr.encode())
    return [float(histogram.get_value_at_percentile(one)) / 1000 for one in percentiles]


def merged(latencies: Iterable[Latency]) -> Latency:
    """One distribution out of several, exact to the histograms' precision."""
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.merge(latency)
    return histogram.summary()
