"""Each exchange has its ids, and each of its tries has its own."""

from __future__ import annotations

import pytest

from sidecar.ruleset.routes import Trust
from sidecar.ruleset.traces import Traces, threshold
from sidecar.telemetry.record import ExchangeRecord
from tests.proxy.harness import LOOPBACK, NOBODY, Recorder, request, serving
from tests.proxy.recorder import Heard

CALLERS = Trust(NOBODY, LOOPBACK)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


async def accounted(
    *lines: str, trust: Trust | None = None, sampling: float = 0.0
) -> tuple[Heard, ExchangeRecord]:
    """What is heard of a request with these fields, and its record."""
    recorder = Recorder()
    traces = Traces(threshold(sampling))
    async with serving(recorder, trust=trust, traces=traces) as running:
        await running.ask(request("/a?b", *lines))
        (record,) = running.records
    return recorder.whole[0], record


async def test_a_trace_is_begun_where_there_is_none() -> None:
    heard, record = await accounted()
    assert len(record.trace_id) == 32
    assert len(record.span_id) == 16
    assert record.trace_id + record.span_id == (record.trace_id + record.span_id).lower()
    assert heard.get("traceparent") == b"00-%b-%b-02" % (record.trace_id, record.tries[0].span_id)
    assert heard.get("x-request-id") == record.trace_id
    assert (record.parent_id, record.sampled) == (b"", False)


@pytest.mark.parametrize("flags, sampled", [("00", 0), ("01", 1), ("03", 1), ("02", 0)])
async def test_a_trace_is_continued(flags: str, sampled: int) -> None:
    heard, record = await accounted(
        f"traceparent: 00-{TRACE}-{PARENT}-{flags}",
        "Tracestate: a=b",
        "tracestate: c=d",
        trust=CALLERS,
    )
    assert (record.trace_id, record.parent_id) == (TRACE.encode(), PARENT.encode())
    assert record.span_id != PARENT.encode()
    assert record.sampled == bool(sampled)
    said = heard.get("traceparent")
    assert said is not None
    assert said[:-2] == b"00-%b-%b-" % (TRACE.encode(), record.tries[0].span_id)
    assert said[-2:] == flags.encode()
    assert heard.get("tracestate") == record.trace_state == b"a=b, c=d"
    assert heard.get("x-request-id") == TRACE.encode()


@pytest.mark.parametrize("parent", [
    "garbage", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01",
])  # fmt: skip
async def test_a_trace_that_cannot_be_read_is_begun_anew(parent: str) -> None:
    heard, record = await accounted(f"traceparent: {parent}", "tracestate: a=b")
    assert (record.parent_id, record.sampled) == (b"", False)
    assert TRACE.encode() not in (heard.get("traceparent") or b"")
    assert heard.all("tracestate") == []


async def test_two_traces_are_none() -> None:
    one = f"traceparent: 00-{TRACE}-{PARENT}-01"
    heard, record = await accounted(one, one)
    assert record.parent_id == b""
    assert len(heard.all("traceparent")) == 1


@pytest.mark.parametrize("state", ["a=b, a=c", "=", "A=b", "a=b,c", ",".join(["a=b"] * 40)])
async def test_a_state_that_cannot_be_read_goes_no_further(state: str) -> None:
    heard, record = await accounted(f"traceparent: 00-{TRACE}-{PARENT}-01", f"tracestate: {state}")
    assert record.parent_id == PARENT.encode()
    assert heard.all("tracestate") == []


@pytest.mark.parametrize("given", ["abc-123", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "a" * 128])
@pytest.mark.parametrize("traced", [False, True])
async def test_a_request_id_is_kept(given: str, *, traced: bool) -> None:
    lines = [f"traceparent: 00-{TRACE}-{PARENT}-01"] if traced else []
    heard, _ = await accounted(f"X-Request-ID: {given}", *lines)
    assert heard.get("x-request-id") == given.encode()


@pytest.mark.parametrize("lines", [
    ("x-request-id: ",), ("x-request-id: a b",), ("x-request-id: " + "a" * 129,),
    ("x-request-id: a", "x-request-id: b"), ("x-request-id: \xe9",), ('x-request-id: "',),
])  # fmt: skip
async def test_a_request_id_that_is_none_is_replaced(lines: tuple[str, ...]) -> None:
    heard, record = await accounted(*lines)
    assert heard.get("x-request-id") == record.trace_id


async def test_ids_are_not_used_twice() -> None:
    recorder = Recorder()
    async with serving(recorder) as running:
        for _ in range(20):
            await running.ask(request())
        records = running.records
    assert len({one.trace_id for one in records} | {one.span_id for one in records}) == 40
