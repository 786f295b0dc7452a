from __future__ import annotations

import msgspec

from sidecar.traces.remarks import kept_for, remarks
from sidecar.traces.trace import StoredSpan, Trace
from sidecar.traces.tree import forest

ROOT = StoredSpan(
    trace_id="1" * 32, span_id="a", name="GET", start=0, end=10**9,
    attributes={"sidecar.trace.kept": "sampled"},
)  # fmt: skip


def said(*spans: StoredSpan, notes: tuple[str, ...] = ()) -> list[str]:
    trace = Trace("1" * 32, spans, notes)
    return remarks(trace, forest(spans))


def changed(**changes: object) -> StoredSpan:
    return msgspec.structs.replace(ROOT, **changes)


def test_of_a_whole_trace_there_is_nothing_to_say() -> None:
    assert said(ROOT, changed(span_id="b", parent_id="a", attributes={})) == []


def test_what_was_left_out_comes_first() -> None:
    assert said(ROOT, notes=("cut",)) == ["cut"]


def test_below_what_was_not_sampled_something_may_be_missing() -> None:
    kept = changed(attributes={"sidecar.trace.kept": "error"})
    [sentence] = said(kept)
    assert "spans below those that are shown, and ended well, may be missing" in sentence
    assert kept_for(Trace("1" * 32, [kept, ROOT, kept])) == ["error", "sampled"]


def test_parents_that_are_missing_are_counted() -> None:
    one = changed(parent_id="gone")
    assert said(one)[0].startswith("the parent of one span is not here")
    assert said(one, changed(span_id="b", parent_id="gone"))[0].startswith("the parents of 2 spans")


def test_clocks() -> None:
    early = changed(span_id="b", parent_id="a", start=-(10**8))
    assert "outside of their parents" in said(ROOT, early)[0]
