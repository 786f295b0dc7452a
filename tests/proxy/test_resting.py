"""Requests that wait before their next try: whatever happens meanwhile, nothing is lost or left."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sidecar.proxy.clock import clock
from sidecar.proxy.drain import drain
from sidecar.ruleset.routes import Timeouts
from tests.proxy.around import ask, chain, fallback, is_at_rest, readings, retries
from tests.proxy.fallbacks import ELSEWHERE, STATIC, two
from tests.proxy.gates import Told
from tests.proxy.harness import (
    Proxy,
    endpoint,
    only,
    proxy,
    request,
    rules_for,
    serving,
    until,
    upstream,
)
from tests.proxy.planned import BUSY, OK, Plan, answer

SLOW = {"first": "60s", "at_most": "60s", "jitter": "none"}
LONG = Timeouts(request=300, per_try=100)


async def resting(running: Proxy, raw: bytes) -> Any:
    """A client whose request waits before its next try."""
    client = await running.connect()
    await client.send(raw)
    await until(lambda: running.engine.retry_load("app").resting)
    return client


async def test_a_client_that_goes_away_is_not_waited_for() -> None:
    service, clause, gate = Plan.of(BUSY, OK), retries(backoff=SLOW), Told()
    rules = {"chain": chain(clause, gate=gate), "timeouts": LONG}
    async with serving(service, **rules) as running:  # type: ignore[arg-type]  # as rules_for has them
        client = await resting(running, request())
        client.reset()
        await until(lambda: not running.engine.exchanges)
        (record,) = running.records
        assert is_at_rest(running)
    assert (record.reason, record.attempts, len(service.heard)) == ("client_gone", 1, 1)
    assert [entry[1] for entry in gate.log] == ["peek", "take", "settle"]
    assert readings(clause) == {}


async def test_at_the_end_of_draining_it_is_answered() -> None:
    service = Plan.of(BUSY, OK)
    rules = {"chain": chain(retries(backoff=SLOW)), "timeouts": LONG}
    async with serving(service, **rules) as running:  # type: ignore[arg-type]  # as rules_for has them
        client = await resting(running, request())
        running.listener.draining = True
        running.listener.stop_accepting()
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 0.05, lambda: False))
            seen = await client.answer()
        (record,) = running.records
        assert is_at_rest(running)
    assert (seen.status, record.reason) == (503, "drain_expired")


async def test_it_may_still_get_its_answer_while_draining() -> None:
    service = Plan.of(BUSY, OK)
    rules = {"chain": chain(retries(backoff=SLOW)), "timeouts": LONG}
    async with serving(service, **rules) as running:  # type: ignore[arg-type]  # as rules_for has them
        client = await resting(running, request(close=False))
        running.listener.draining = True
        (exchange,) = running.engine.exchanges
        exchange._try_once_more()
        seen = await client.answer()
    assert (seen.status, seen.closes) == (200, True)


async def test_new_rules_in_the_middle_change_nothing_for_it() -> None:
    old, new = Plan.of(BUSY, OK), Plan.of(answer(200, b"new"))
    async with upstream(old) as one, upstream(new) as two:
        rules = rules_for([endpoint(one)], chain=chain(retries(backoff=SLOW)), timeouts=LONG)
        async with proxy(rules) as running:
            client = await resting(running, request())
            running.engine.install(rules_for([endpoint(two)], version="two"))
            (exchange,) = running.engine.exchanges
            exchange._try_once_more()
            assert (await client.answer()).body == b"ok"
            assert (await ask(running, request())).body == b"new"
            (record, _) = running.records
    assert record.version == "one"
    assert running.engine.retry_load("app").retrying == 0


async def test_a_try_that_comes_too_late_leaves_the_fallback_alone() -> None:
    """The loop was busy until the deadline, and looks at that before it looks at timers."""
    other, soon = Plan.of(OK), {"first": "50ms", "at_most": "50ms", "jitter": "none"}
    rules = replace(chain(retries(backoff=soon)), fallbacks=(fallback(ELSEWHERE, STATIC),))
    async with two(Plan.of(BUSY, OK), other, rules) as running:
        client = await resting(running, request())
        other.opens.clear()
        running.sweep.look(clock() + 60)
        await asyncio.sleep(0.1)
        other.opens.set()
        assert (await client.answer()).status == 200
        assert len(other.heard) == 1
        assert is_at_rest(running)


async def test_a_body_that_comes_while_it_waits_is_sent_whole() -> None:
    service, clause = Plan.of(OK), retries(backoff=SLOW, on=[503, "reset"])
    body = bytes(range(200)) * 250
    first = True

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers before it has read the body; the next one takes it all."""
        nonlocal first
        if not first:
            await service(reader, writer)
            return
        first = False
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BUSY)

    async with serving(early, chain=chain(clause), timeouts=LONG) as running:
        raw = request("/", f"Content-Length: {len(body)}", method="PUT")
        client = await resting(running, raw + body[:1000])
        await client.send(body[1000:])
        await until(lambda: only(running).exchange.request_sent)  # type: ignore[union-attr]
        running.look(150)
        (exchange,) = running.engine.exchanges
        exchange._try_once_more()
        assert (await client.answer()).status == 200
    assert [*service.bodies] == [body]


async def test_the_next_request_of_a_pipeline_is_served_after_it() -> None:
    service = Plan.of(BUSY, answer(200, b"one"), BUSY, answer(200, b"two"))
    async with serving(service, chain=chain(retries())) as running:
        client = await running.connect()
        await client.send(request("/1", close=False) + request("/2", method="HEAD", close=False)
                          + request("/3"))  # fmt: skip
        seen = [await client.answer(), await client.answer("HEAD"), await client.answer()]
    assert [(one.status, one.body) for one in seen] == [(200, b"one"), (200, b""), (200, b"two")]
    assert [one.target for one in service.heard] == [b"/1", b"/1", b"/2", b"/2", b"/3"]


async def test_the_wait_is_not_the_sidecars_own_time() -> None:
    waits = {"first": "30ms", "at_most": "30ms", "jitter": "none"}
    async with serving(Plan.of(BUSY, OK), chain=chain(retries(backoff=waits))) as running:
        assert (await ask(running, request())).status == 200
        (record,) = running.records
    assert record.overhead_seconds < record.seconds - 0.025
