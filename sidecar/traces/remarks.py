"""What is to be said of a trace beside its spans: what may be missing, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sidecar.traces.trace import Trace
from sidecar.traces.tree import Node, Odd

#: Why the sidecar kept a span: ``sampled``, or a word that says what was the matter with it.
KEPT: Final = "sidecar.trace.kept"
_SAMPLED: Final = "sampled"


def kept_for(trace: Trace) -> list[str]:
    """Why its spans were kept, each word once, as they first come."""
    words = (span.attributes.get(KEPT) for span in trace.spans)
    return [*dict.fromkeys(word for word in words if word and isinstance(word, str))]


def remarks(trace: Trace, nodes: Sequence[Node]) -> list[str]:
    """Sentences, what was left out in reading it first."""
    return [*trace.notes, *_remarks(trace, nodes)]


def _remarks(trace: Trace, nodes: Sequence[Node]) -> Iterator[str]:
    kept = kept_for(trace)
    if kept and _SAMPLED not in kept:
        yield "it was not sampled: spans below those that are shown, and ended well, may be missing"
    missing = sum(Odd.PARENT_MISSING in node.odd for node in nodes)
    if missing:
        what = "the parent of one span" if missing == 1 else f"the parents of {missing} spans"
        yield f"{what} is not here: the caller keeps its own elsewhere, or they have not arrived"
    if any(Odd.EARLY in node.odd or Odd.LATE in node.odd for node in nodes):
        yield "some spans lie outside of their parents: they are drawn as their hosts' clocks say"
