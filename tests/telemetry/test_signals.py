from __future__ import annotations

import msgspec

from sidecar.telemetry.signals import Span, SpanEvent, SpanKind, SpanStatus


def test_a_span_comes_whole_out_of_what_it_was_written_to() -> None:
    event = SpanEvent(at=5, name="sidecar.breaker", attributes={"sidecar.breaker.state": "open"})
    span = Span(
        trace_id="0af7651916cd43dd8448eb211c80319c",
        span_id="b7ad6b7169203331",
        parent_span_id="",
        trace_state="",
        flags=1,
        name="GET orders",
        kind=SpanKind.SERVER,
        start=1,
        end=9,
        attributes={"http.response.status_code": 503, "sidecar.shadow.would_refuse": ["a", "b"]},
        events=(event,),
        status=SpanStatus.ERROR,
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(span), type=Span) == span
