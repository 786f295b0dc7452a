"""Each exchange has its ids, and each of its tries has its own."""

from __future__ import annotations

import pytest
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sidecar.model.policy import Notice
from sidecar.model.verdict import ADMIT, Verdict
from sidecar.ruleset.routes import Chain, RuleSet, Trust
from sidecar.ruleset.traces import Traces, threshold
from sidecar.telemetry.record import ExchangeRecord, Noticed
from tests.proxy.gates import Told, step
from tests.proxy.harness import LOOPBACK, NOBODY, Recorder, proxy, request, serving, upstream
from tests.proxy.recorder import Heard
from tests.ruleset.compiled import compiled

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


# --- the client is believed, or is not


@pytest.mark.parametrize("trust", [None, CALLERS])
@pytest.mark.parametrize("flags", ["00", "01"])
@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_whether_it_is_sampled_is_for_callers_to_say(
    trust: Trust | None, flags: str, share: float
) -> None:
    parent = f"traceparent: 00-{TRACE}-{PARENT}-{flags}"
    heard, record = await accounted(parent, trust=trust, sampling=share)
    expected = share == 1.0 if trust is None else flags == "01"
    assert record.sampled is expected
    assert record.trace_id == TRACE.encode()
    assert (heard.get("traceparent") or b"")[-1:] == b"01"[expected : expected + 1]


async def test_a_trace_that_begins_here_is_sampled_by_its_id() -> None:
    recorder = Recorder()
    bound = threshold(0.5)
    async with serving(recorder, traces=Traces(bound)) as running:
        for _ in range(40):
            await running.ask(request())
        records = running.records
    assert {one.sampled for one in records} == {True, False}
    for heard, record in zip(recorder.whole, records, strict=True):
        assert record.sampled == (record.trace_id[18:] >= bound)
        assert (heard.get("traceparent") or b"")[-2:] == (b"03" if record.sampled else b"02")


async def test_the_reference_of_others_reads_what_is_written() -> None:
    """OpenTelemetry's own propagator on both sides."""
    reference = TraceContextTextMapPropagator()
    state = TraceState([("vendor", "v1"), ("other@tenant", "x:y")])
    span = SpanContext(int(TRACE, 16), int(PARENT, 16), True, TraceFlags(1), state)
    said: dict[str, str] = {}
    reference.inject(said, set_span_in_context(NonRecordingSpan(span)))
    heard, record = await accounted(
        *(f"{name}: {value}" for name, value in said.items()), trust=CALLERS
    )
    told = {name.decode(): value.decode() for name, value in heard.headers}
    read = get_current_span(reference.extract(told)).get_span_context()
    assert (read.trace_id, read.trace_flags) == (span.trace_id, 1)
    assert f"{read.span_id:016x}".encode() == record.tries[0].span_id
    assert list(read.trace_state.items()) == list(state.items())


# --- other formats


def asked_in(words: list[str], port: int, *, callers: str = "127.0.0.0/8") -> RuleSet:
    return compiled(f"""\
format: sidecar/v1
service: shop
listeners:
  inbound: {{bind: 127.0.0.1:8080}}
upstreams:
  app: {{url: http://127.0.0.1:{port}}}
trust: {{callers: [{callers}]}}
telemetry: {{traces: {{sample: 0%, propagate: {words}}}}}
""")


async def passed_on(
    words: list[str], *lines: str, callers: str = "127.0.0.0/8"
) -> tuple[Heard, ExchangeRecord]:
    recorder = Recorder()
    async with (
        upstream(recorder) as port,
        proxy(asked_in(words, port, callers=callers)) as running,
    ):
        await running.ask(request("/", *lines))
        (record,) = running.records
    return recorder.whole[0], record


W3C = f"traceparent: 00-{TRACE}-{PARENT}-01"


async def test_b3_alone_leaves_the_fields_of_others_as_they_are() -> None:
    heard, record = await passed_on(["b3"], f"b3: {TRACE}-{PARENT}-1", W3C, "tracestate: a=b")
    assert (record.trace_id, record.parent_id) == (TRACE.encode(), PARENT.encode())
    own = record.tries[0].span_id
    assert heard.get("b3") == b"%b-%b-1-%b" % (TRACE.encode(), own, record.span_id)
    assert heard.get("traceparent") == W3C.partition(": ")[2].encode()
    assert heard.get("tracestate") == b"a=b"
    assert record.sampled


@pytest.mark.parametrize("said, state, sampled", [
    ("b3: 0", b"0", False), ("b3: 1", b"1", True), ("b3: d", b"d", True),
    ("x-b3-sampled: 1", b"1", True),
])  # fmt: skip
async def test_a_state_alone_is_about_the_trace_that_begins_here(
    said: str, state: bytes, sampled: bool
) -> None:
    heard, record = await passed_on(["tracecontext", "b3", "b3multi"], said)
    assert (record.parent_id, record.sampled) == (b"", sampled)
    assert (heard.get("b3") or b"").split(b"-")[2] == state
    assert heard.get("traceparent") == b"00-%b-%b-0%d" % (
        record.trace_id, record.tries[0].span_id, 2 + sampled,
    )  # fmt: skip
    heard, record = await passed_on(["b3", "b3multi"], said, callers="10.0.0.0/8")
    assert (record.sampled, (heard.get("b3") or b"").split(b"-")[2]) == (False, b"0")


async def test_each_try_is_told_in_every_format() -> None:
    heard, record = await passed_on(
        ["b3multi", "tracecontext"], f"X-B3-TraceId: {TRACE[16:]}", f"X-B3-SpanId: {PARENT}"
    )
    assert record.trace_id == b"0" * 16 + TRACE[16:].encode()
    assert heard.get("x-b3-spanid") == record.tries[0].span_id == heard.parent
    assert heard.get("x-b3-parentspanid") == record.span_id
    assert heard.get("x-b3-sampled") == b"0"


LONG = ", ".join([f"k{number}={'v' * 120}" for number in range(64)])


@pytest.mark.parametrize("baggage", ["user=ann;plan=gold", LONG, "what is this"])
async def test_baggage_is_a_callers_to_say(baggage: str) -> None:
    line = f"Baggage: {baggage}"
    heard, _ = await passed_on(["tracecontext", "baggage"], line)
    assert heard.get("baggage") == baggage.encode()
    heard, _ = await passed_on(["tracecontext", "baggage"], line, callers="10.0.0.0/8")
    assert heard.get("baggage") is None
    heard, _ = await passed_on(["tracecontext"], line, callers="10.0.0.0/8")
    assert heard.get("baggage") == baggage.encode()


async def test_what_rules_tell_meanwhile_is_in_the_record() -> None:
    notice = Notice("sidecar.breaker", "it has opened", {})
    gate = Told()
    async with serving(Recorder(), chain=Chain(enforced=(step(gate),))) as running:
        engine = running.engine
        told = Noticed(engine.now, notice)

        def peek(_request: object, _now: float) -> Verdict:
            engine.notices.append(told)
            return ADMIT

        gate_step = engine.rules.routes["other"].chain.enforced[0]
        gate_step.peek = peek  # type: ignore[assignment]  # a gate that tells something
        await running.ask(request())
        (record,) = running.records
    assert record.noticed == (told,)
    assert engine.notices == []
