"""Bulkheads on real connections: who waits is woken, refused, or goes, and no slot is lost."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.priority import LEVELS
from sidecar.policies.concurrency import Concurrency, ConcurrencySpec
from sidecar.proxy.drain import drain
from sidecar.ruleset.routes import Chain, RuleSet
from tests.policies.building import World
from tests.proxy.client import Client
from tests.proxy.gates import step
from tests.proxy.harness import Proxy, endpoint, proxy, request, rules_for, until, upstream

PRIORITY = "x-priority"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def bulkhead(**fields: Any) -> Concurrency:
    queue = {"at_most": 10, "wait_at_most": "1h"}
    fields = {"name": "all", "at_most": 1, "queue": queue, **fields}
    return ConcurrencySpec.model_validate(fields).build(World().context())


@dataclass
class Slow:
    """Answers a request when the test says so."""

    asked: list[str] = field(default_factory=list)
    released: dict[str, asyncio.Event] = field(default_factory=dict)

    def release(self, target: str) -> None:
        self.released[target].set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ")[1].decode()
            self.released[target] = asyncio.Event()
            self.asked.append(target)
            await self.released[target].wait()
            writer.write(OK)


def governed(port: int, gate: Concurrency) -> RuleSet:
    """Rules in which a header field is the priority, believed of anyone."""
    watched = frozenset({PRIORITY.encode()})
    rules = rules_for([endpoint(port)], chain=Chain((step(gate),)), watched=watched)
    rules.routes["other"].find_priority = _priority
    return rules


def _priority(head: RequestHead) -> int:
    return LEVELS[head.fields.get(PRIORITY.encode(), b"medium").decode()]


async def come(running: Proxy, target: str, priority: str = "medium") -> Client:
    """A client that has asked, and waits or is served."""
    before = len(running.engine.exchanges)
    client = await running.connect()
    await client.send(request(target, f"{PRIORITY}: {priority}", close=False))
    await until(lambda: len(running.engine.exchanges) == before + 1)
    return client


async def test_who_waits_is_served_by_priority_then_in_the_order_of_arrival() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        them = {
            target: await come(running, target, priority)
            for target, priority in {
                "/first": "low",
                "/low": "low",
                "/high": "high",
                "/late": "high",
                "/critical": "critical",
            }.items()
        }
        assert (gate.in_flight, gate.queued) == (1, 4)
        order = ["/first", "/critical", "/high", "/late", "/low"]
        for count, target in enumerate(order, 1):
            await until(lambda: len(slow.asked) == count)  # noqa: B023 - waited for at once
            assert gate.in_flight == 1
            slow.release(target)
            assert (await them[target].answer()).status == 200
        assert slow.asked == order
        assert (gate.in_flight, gate.queued) == (0, 0)
        assert [one.reason for one in running.records] == [""] * 5


async def test_who_has_waited_long_enough_is_refused() -> None:
    gate, slow = bulkhead(queue={"at_most": 10, "wait_at_most": "20ms"}), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        await come(running, "/first")
        client = await come(running, "/second")
        answer = await client.answer()
        assert (answer.status, answer.get("retry-after")) == (503, b"1")
        told = json.loads(answer.body)
        assert told["reason"] == "concurrency_limited"
        assert not answer.closes
        (record,) = running.records
        assert (record.status, record.reason) == (503, "concurrency_limited")
        assert (record.rule, record.attempts) == ("told/gate", 0)
        assert (gate.in_flight, gate.queued) == (1, 0)


async def test_who_is_pushed_out_is_refused_at_once() -> None:
    gate, slow = bulkhead(queue={"at_most": 1, "wait_at_most": "1h"}), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        await come(running, "/first")
        low = await come(running, "/low", "low")
        high = await running.connect()
        await high.send(request("/high", f"{PRIORITY}: high", close=False))
        assert (await low.answer()).status == 503
        slow.release("/first")
        await until(lambda: "/high" in slow.asked)
        slow.release("/high")
        assert (await high.answer()).status == 200


@pytest.mark.parametrize("leaver", ["/second", "/third"])
async def test_a_client_that_goes_while_it_waits_leaves_its_place(leaver: str) -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        them = {one: await come(running, one) for one in ("/first", "/second", "/third")}
        them[leaver].reset()
        await until(lambda: gate.queued == 1)
        slow.release("/first")
        (stays,) = {"/second", "/third"} - {leaver}
        await until(lambda: stays in slow.asked)
        slow.release(stays)
        assert (await them[stays].answer()).status == 200
        assert leaver not in slow.asked
        assert (gate.in_flight, gate.queued) == (0, 0)


async def test_a_client_that_goes_when_it_has_been_called_leaves_its_slot_to_the_next() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        first, second, third = [
            await come(running, target) for target in ("/first", "/second", "/third")
        ]
        (exchange,) = (one for one in running.engine.exchanges if one.request.target == b"/first")
        (called,) = (one for one in running.engine.exchanges if one.request.target == b"/second")
        # Both within one turn of the loop: it was called, and has not asked again.
        exchange.client_gone()
        called.client_gone()
        await until(lambda: "/third" in slow.asked)
        slow.release("/third")
        assert (await third.answer()).status == 200
        assert slow.asked == ["/first", "/third"]
        assert (gate.in_flight, gate.queued) == (0, 0)
        for client in (first, second):
            client.close()


async def test_a_client_that_goes_while_it_is_served_leaves_its_slot() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        first = await come(running, "/first")
        second = await come(running, "/second")
        first.reset()
        await until(lambda: "/second" in slow.asked)
        slow.release("/second")
        assert (await second.answer()).status == 200
        assert gate.in_flight == 0


async def test_a_body_that_is_sent_while_its_request_waits_arrives_whole() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        await come(running, "/first")
        client = await running.connect()
        raw = request("/second", "Content-Length: 5", method="POST", close=False)
        await client.send(raw)
        await until(lambda: gate.queued == 1)
        await client.send(b"hello")
        slow.release("/first")
        await until(lambda: "/second" in slow.asked)
        slow.release("/second")
        assert (await client.answer("POST")).status == 200


async def test_a_reload_that_gives_more_slots_calls_those_who_wait() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        them = {one: await come(running, one) for one in ("/first", "/second", "/third")}
        wider = bulkhead(at_most=2)
        wider.adopt(gate, running.engine.now)
        running.engine.install(governed(port, wider))
        await until(lambda: len(slow.asked) == 2)
        assert slow.asked == ["/first", "/second"]
        # Who comes now asks the new rules, and stands behind who waited at the old ones.
        them["/fourth"] = await come(running, "/fourth")
        assert (wider.in_flight, wider.queued) == (2, 2)
        for target in ("/first", "/second", "/third", "/fourth"):
            await until(lambda: target in slow.asked)  # noqa: B023 - waited for at once
            slow.release(target)
            assert (await them[target].answer()).status == 200
        assert slow.asked == ["/first", "/second", "/third", "/fourth"]
        assert (wider.in_flight, wider.queued, gate.in_flight) == (0, 0, 0)


async def test_while_it_drains_those_who_wait_are_served() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        first, second = await come(running, "/first"), await come(running, "/second")
        running.listener.draining = True
        running.listener.stop_accepting()
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 30.0, lambda: False))
            slow.release("/first")
            assert (await first.answer()).status == 200
            await until(lambda: "/second" in slow.asked)
            slow.release("/second")
            assert (await second.answer()).status == 200
            first.close()
            second.close()
        assert running.listener.is_empty


async def test_when_there_is_no_more_time_those_who_wait_are_told() -> None:
    gate, slow = bulkhead(), Slow()
    async with upstream(slow) as port, proxy(governed(port, gate)) as running:
        first, second = await come(running, "/first"), await come(running, "/second")
        running.listener.draining = True
        running.listener.stop_accepting()
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(running.engine, running.listener, 0.0, lambda: False))
            assert (await second.answer()).status == 503
            assert (await first.answer()).status == 503
            first.close()
            second.close()
        assert slow.asked == ["/first"]
        assert (gate.in_flight, gate.queued) == (0, 0)
        assert {one.reason for one in running.records} == {"drain_expired"}
