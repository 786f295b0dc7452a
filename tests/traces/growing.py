"""Traces of every shape: parents that are missing, circles, ids that are there twice."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from sidecar.traces.trace import StoredEvent, StoredSpan, Trace

_IDS: Final = st.integers(0, 12).map(lambda number: f"{number:016x}")
_TIMES: Final = st.integers(0, 200_000_000)
_TEXT: Final = st.text(max_size=8)
_VALUES: Final = st.one_of(_TEXT, st.integers(), st.booleans(), st.floats(), st.lists(_TEXT))
_ATTRIBUTES: Final = st.dictionaries(
    st.sampled_from(["http.response.status_code", "error.type", "server.address", "server.port",
                     "http.request.resend_count", "body", "sidecar.trace.kept", "x"]),
    _VALUES,
    max_size=4,
)  # fmt: skip
_EVENTS: Final = st.builds(
    StoredEvent, _TIMES, st.sampled_from(["sidecar.decision", "e", ""]), _ATTRIBUTES
)


@st.composite
def _spans(draw: st.DrawFn) -> StoredSpan:
    start = draw(_TIMES)
    return StoredSpan(
        trace_id="1" * 32,
        span_id=draw(_IDS),
        parent_id=draw(st.just("") | _IDS),
        name=draw(_TEXT),
        kind=draw(st.sampled_from(["server", "client", "internal", ""])),
        start=start,
        end=start + draw(_TIMES),
        status=draw(st.sampled_from(["", "ok", "error"])),
        status_message=draw(st.just("") | _TEXT),
        attributes=draw(_ATTRIBUTES),
        resource={"service.name": draw(st.sampled_from(["web", "order", "inventory", "\x1b[31m"]))},
        events=tuple(draw(st.lists(_EVENTS, max_size=2))),
    )


spans: Final = st.lists(_spans(), min_size=1, max_size=12)
traces: Final = spans.map(lambda some: Trace("1" * 32, some))
