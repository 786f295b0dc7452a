"""Traces of which something is kept, so that what is above it in the same sidecar is kept too."""

from __future__ import annotations

from typing import Final, final

#: How many are remembered; the one that was marked first goes first.
TRACES_AT_MOST: Final = 16_384
#: Longer than a request and what it causes take together, in seconds.
_REMEMBERED_SECONDS: Final = 600.0


@final
class KeptTraces(dict[bytes, float]):
    """Trace id → when it was marked, oldest first. Looking one up is the dictionary's own."""

    def mark(self, trace_id: bytes, now: float) -> None:
        """Something of this trace is kept."""
        if self.pop(trace_id, None) is None and len(self) >= TRACES_AT_MOST:
            del self[next(iter(self))]
        self[trace_id] = now

    def forget(self, now: float) -> None:
        """Forget what was marked too long ago to matter; to be called now and then."""
        while self:
            oldest = next(iter(self))
            if now - self[oldest] < _REMEMBERED_SECONDS:
                return
            del self[oldest]
