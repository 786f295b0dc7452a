"""What is kept, why, and who is told of it."""

from __future__ import annotations

import pytest

from sidecar.proxy.keeping import KEPT_FIELD
from sidecar.ruleset.routes import Chain, Trust
from sidecar.ruleset.traces import Traces, threshold
from sidecar.telemetry.record import Keep
from tests.proxy.around import ask, chain, fallback, retries
from tests.proxy.client import Answer
from tests.proxy.fallbacks import STATIC
from tests.proxy.gates import refusing_chain
from tests.proxy.harness import LOOPBACK, NOBODY, Proxy, request, serving, until
from tests.proxy.planned import BUSY, OK, RESET, SILENT, Plan, answer
from tests.proxy.scripts import answering

CALLERS = Trust(NOBODY, LOOPBACK)
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"traceparent: 00-{TRACE}-b7ad6b7169203331-00"
TELL = "x-sidecar-trace: tell"
SAYS_SO = "X-Sidecar-Trace: kept"
NOTHING = Traces(error=False, refused=False, degraded=False)


def told(seen: Answer) -> bool:
    said = seen.get(KEPT_FIELD[0].decode())
    assert said in (None, b"kept")
    return said is not None


async def kept(running: Proxy, *lines: str) -> tuple[Keep, bool]:
    """Why a request with these lines is kept, and whether its client was told."""
    seen = await ask(running, request("/", *lines))
    (record,) = running.records
    return record.kept, told(seen)


@pytest.mark.parametrize("theirs, why", [
    (OK, Keep.NOT), (answer(404), Keep.NOT), (BUSY, Keep.ERROR), (RESET, Keep.ERROR),
    (b"no HTTP\r\n\r\n", Keep.ERROR), (answer(200, b"ok", SAYS_SO), Keep.BELOW),
    (answer(404, b"ok", SAYS_SO), Keep.BELOW), (answer(500, b"ok", SAYS_SO), Keep.ERROR),
    (answer(200, b"ok", "X-Sidecar-Trace: tell"), Keep.NOT),
    (b"HTTP/1.1 103 X\r\nX-Sidecar-Trace: kept\r\n\r\n" + OK, Keep.NOT),
])  # fmt: skip
async def test_by_what_the_upstream_does(theirs: bytes, why: Keep) -> None:
    async with serving(Plan.of(theirs)) as running:
        assert await kept(running, TELL) == (why, bool(why))
        assert await kept(running) == (why, False)
        assert await kept(running, "x-sidecar-trace: kept") == (why, False)


async def test_what_the_settings_leave_out_is_not_kept_but_what_is_below_is() -> None:
    slow = Traces(error=False, slow=0.0)
    steps = Plan.of(BUSY, b"no HTTP\r\n\r\n", answer(200, b"ok", SAYS_SO))
    async with serving(steps, traces=NOTHING) as running:
        assert await kept(running, TELL) == (Keep.NOT, False)
        assert await kept(running, TELL) == (Keep.NOT, False)
        assert await kept(running, TELL) == (Keep.BELOW, True)
    async with serving(Plan.of(OK), traces=slow) as running:
        assert await kept(running, TELL) == (Keep.SLOW, True)


async def test_what_is_sampled() -> None:
    everything = Traces(threshold(1.0))
    async with serving(Plan.of(OK), traces=everything) as running:
        assert await kept(running, TELL) == (Keep.SAMPLED, True)
        # A stranger does not say whether its requests are sampled.
        assert await kept(running, TELL, PARENT) == (Keep.SAMPLED, True)
    async with serving(Plan.of(OK), traces=everything, trust=CALLERS) as running:
        assert await kept(running, TELL, PARENT) == (Keep.NOT, False)
        assert await kept(running, PARENT[:-1] + "1") == (Keep.SAMPLED, False)
    async with serving(Plan.of(OK), traces=Traces()) as running:
        assert await kept(running, TELL, PARENT[:-1] + "1") == (Keep.NOT, False)


async def test_what_was_refused() -> None:
    async with serving(Plan.of(OK), chain=refusing_chain()) as running:
        assert await kept(running, TELL) == (Keep.REFUSED, True)
        assert await kept(running) == (Keep.REFUSED, False)


async def test_what_was_degraded() -> None:
    stands_in = Chain(fallbacks=(fallback(STATIC),))
    async with serving(Plan.of(BUSY), chain=stands_in) as running:
        assert await kept(running, TELL) == (Keep.DEGRADED, True)


async def test_what_was_tried_again_is_kept_since_the_first_try_may_be_kept_below() -> None:
    async with serving(Plan.of(BUSY, OK), chain=chain(retries())) as running:
        assert await kept(running, TELL) == (Keep.ERROR, True)
    dropped = answer(429, b"no", SAYS_SO)
    async with serving(Plan.of(dropped, OK), chain=chain(retries(on=[429]))) as running:
        assert await kept(running, TELL) == (Keep.BELOW, True)


async def test_an_answer_that_breaks_off_was_not_told_of_and_is_kept_by_whoever_sees_it() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    async with serving(answering(half, close=True)) as running:
        seen = await running.ask(request("/", TELL))
        (record,) = running.records
    assert seen.endswith(b"half")
    assert KEPT_FIELD[0] not in seen.lower()
    assert (record.reason, record.kept) == ("upstream_truncated", Keep.ERROR)


async def test_what_a_client_gives_up_is_kept_while_something_may_happen_below() -> None:
    async with serving(Plan.of(SILENT)) as running:
        client = await running.connect()
        await client.send(request())
        await until(lambda: any(one.upstream for one in running.engine.exchanges))
        client.reset()
        await until(lambda: not running.engine.exchanges)
        (record,) = running.records
    assert (record.reason, record.kept) == ("client_gone", Keep.BELOW)
    assert [(one.status, one.reason) for one in record.tries] == [(0, "client_gone")]


async def test_a_call_of_the_service_that_is_kept_keeps_the_request_it_is_made_for() -> None:
    async with serving(Plan.of(OK)) as running:
        running.engine.kept_traces.mark(TRACE.encode(), running.engine.now)
        assert await kept(running, TELL, PARENT) == (Keep.BELOW, True)
        assert await kept(running, TELL) == (Keep.NOT, False)
