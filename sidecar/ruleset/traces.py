"""Which traces are kept, as the data path uses it: compiled from `telemetry.traces`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from sidecar.ruleset.telemetry_sections import Kept, TracesSpec
from sidecar.wire.propagation import Finder, Format, finder, formats
from sidecar.wire.trace_context import find_traceparent

#: Above every trace id.
_NEVER: Final = b"g"
#: Trace ids are random in these bits at least (W3C Trace Context 2, 3.2.2.3).
_RANDOM_BITS: Final = 56


@dataclass(frozen=True, slots=True)
class Traces:
    """How traces go on, and which are kept."""

    #: A trace that begins here is sampled when the last 14 digits of its id are not below this:
    #: so all sidecars with the same share choose the same traces.
    threshold: bytes = _NEVER
    #: What is kept in any case.
    error: bool = True
    refused: bool = True
    degraded: bool = True
    #: Seconds that a request takes at least which is kept as slow.
    slow: float = math.inf
    #: Reads what a request says of its trace.
    find: Finder = find_traceparent

    @property
    def keeps_some(self) -> bool:
        """Whether anything is kept that is not sampled."""
        return self.error or self.refused or self.degraded or self.slow < math.inf


def compile_traces(spec: TracesSpec) -> Traces:
    """The settings in force of the section."""
    return Traces(
        threshold=threshold(spec.sample),
        error=Kept.ERROR in spec.always,
        refused=Kept.REFUSED in spec.always,
        degraded=Kept.DEGRADED in spec.always,
        slow=spec.slow if Kept.SLOW in spec.always else math.inf,
        find=finder(formats_of(spec)),
    )


def formats_of(spec: TracesSpec) -> tuple[Format, ...]:
    """The formats in which traces are read and passed on."""
    return formats([one.value for one in spec.propagate])


def threshold(share: float) -> bytes:
    """The lowest end of a trace id that is sampled, for a share from 0 to 1."""
    below = round((1 - share) * 2**_RANDOM_BITS)
    return b"%014x" % below if below < 2**_RANDOM_BITS else _NEVER
