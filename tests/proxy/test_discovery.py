"""Upstreams that are looked up: what a name stands for goes live, and is kept when it is lost."""

from __future__ import annotations

import asyncio
import socket
import threading
from random import Random

import pytest

from sidecar.model.policy import Notice
from sidecar.proxy import discovery
from sidecar.proxy.clock import clock
from sidecar.proxy.discovery import Discovery, system_resolver
from sidecar.proxy.engine import Engine
from sidecar.ruleset.routes import RuleSet
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from tests.proxy.client import until
from tests.proxy.harness import Recorder, proxy, request, upstream
from tests.ruleset.compiled import compiled, rule_file

LATER = 1000.0


def rules(dns: str = "coupon.svc", port: int = 8080, previous: RuleSet | None = None) -> RuleSet:
    return compiled(
        rule_file(upstreams=f"{{app: {{dns: {dns}, port: {port}, refresh: 5s}}}}"), previous
    )


class Names:
    """A resolver that says what the test wants it to."""

    def __init__(self, *hosts: str) -> None:
        self.answer: list[str] | OSError = [*hosts]
        self.asked: list[tuple[str, int]] = []
        self.held: asyncio.Event | None = None

    async def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append((name, port))
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


class Looking:
    """An engine whose only upstream is looked up, whenever the test says so."""

    def __init__(self, names: Names, rules_in_force: RuleSet | None = None) -> None:
        self.names = names
        self.notices: list[Notice] = []
        loop = asyncio.get_running_loop()
        self.meters = Meters("test")
        first = rules_in_force or rules()
        self.engine = Engine(loop, first, self.meters, RecordRing(10), Random(1))
        self.discovery = Discovery(self.engine, self.notices.append, lambda: 0.5, names)
        self.now = clock()

    async def look(self, seconds: float = LATER) -> list[str]:
        """Look as if it were so much later; returns where requests can be sent then."""
        self.now += seconds
        asked = len(self.names.asked)
        self.discovery.look(self.now)
        for _ in range(4):
            await asyncio.sleep(0)
        assert len(self.names.asked) <= asked + 1
        return self.hosts

    @property
    def hosts(self) -> list[str]:
        return [one.address.host for one in self.engine.rules.clusters["app"].endpoints]

    @property
    def connectors(self) -> set[str]:
        return {one.endpoint.address.host for one in self.engine.connectors()}


async def test_what_a_name_stands_for_goes_live() -> None:
    looking = Looking(Names("10.0.0.2", "10.0.0.1"))
    assert looking.hosts == []
    assert await looking.look() == ["10.0.0.1", "10.0.0.2"]
    assert looking.names.asked == [("coupon.svc", 8080)]
    assert looking.connectors == {"10.0.0.1", "10.0.0.2"}
    looking.names.answer = ["10.0.0.2", "10.0.0.3"]
    kept = looking.engine.rules.clusters["app"].endpoints[1]
    assert await looking.look() == ["10.0.0.2", "10.0.0.3"]
    assert looking.engine.rules.clusters["app"].endpoints[0] is kept
    # Nothing ran to the one that is gone, and so nothing is left of it.
    assert looking.connectors == {"10.0.0.2", "10.0.0.3"}
    assert ("app", "10.0.0.1:8080") not in looking.meters.clients
    assert looking.meters.lookups == {"app": [0, 2]}
    assert looking.notices == []


async def test_it_is_looked_up_when_its_time_has_come() -> None:
    looking = Looking(Names("10.0.0.1"))
    await looking.discovery.begin()
    await looking.look(1.0)
    await looking.look(2.0)
    assert len(looking.names.asked) == 1
    await looking.look(3.0)
    assert len(looking.names.asked) == 2


@pytest.mark.parametrize(
    "answer", [socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), OSError("no"), []]
)
async def test_a_name_that_is_lost_means_what_it_meant(answer: list[str] | OSError) -> None:
    looking = Looking(Names("10.0.0.1"))
    await looking.look()
    looking.names.answer = answer
    for _ in range(3):
        assert await looking.look() == ["10.0.0.1"]
    looking.names.answer = ["10.0.0.9"]
    assert await looking.look() == ["10.0.0.9"]
    assert looking.meters.lookups == {"app": [3, 2]}
    lost, found = looking.notices
    assert (lost.event, found.event) == ("sidecar.lookup", "sidecar.lookup")
    assert "stays as it was" in lost.text
    assert "found again" in found.text


async def test_a_name_that_was_never_found_is_looked_for_sooner() -> None:
    looking = Looking(Names())
    await looking.discovery.begin()
    assert await looking.look(0.5) == []
    assert len(looking.names.asked) == 1
    looking.names.answer = ["10.0.0.1"]
    assert await looking.look(1.0) == ["10.0.0.1"]
    assert "cannot be looked up: it has no address" in looking.notices[0].text


async def test_who_takes_long_is_not_asked_twice() -> None:
    looking = Looking(Names("10.0.0.1"))
    looking.names.held = asyncio.Event()
    for _ in range(3):
        assert await looking.look() == []
    assert len(looking.names.asked) == 1
    looking.names.held.set()
    await until(lambda: looking.hosts)


async def test_a_start_waits_for_names_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Looking(Names("10.0.0.1"))
    await looking.discovery.begin()
    assert looking.hosts == ["10.0.0.1"]
    monkeypatch.setattr(discovery, "START_SECONDS", 0.01)
    slow = Looking(Names("10.0.0.1"))
    slow.names.held = asyncio.Event()
    await slow.discovery.begin()
    assert slow.hosts == []
    await slow.discovery.stop()


async def test_a_reload_keeps_what_was_found() -> None:
    looking = Looking(Names("10.0.0.1"))
    await looking.look()
    before = looking.engine.rules
    looking.engine.install(rules(previous=before))
    assert looking.hosts == ["10.0.0.1"]
    same = looking.engine.rules.clusters["app"].endpoints
    assert same == before.clusters["app"].endpoints
    looking.engine.install(rules("other.svc", previous=looking.engine.rules))
    assert looking.hosts == []
    await looking.look(0.0)
    assert looking.names.asked[-1] == ("other.svc", 8080)


async def test_an_answer_to_what_nobody_asks_any_more_is_left() -> None:
    looking = Looking(Names("10.0.0.1"))
    looking.names.held = asyncio.Event()
    await looking.look()
    looking.engine.install(rules("other.svc", previous=looking.engine.rules))
    await looking.look()
    looking.names.answer = ["10.0.0.2"]
    looking.names.held.set()
    await until(lambda: looking.hosts)
    assert looking.hosts == ["10.0.0.2"]
    assert looking.names.asked == [("coupon.svc", 8080), ("other.svc", 8080)]


async def test_requests_go_where_the_name_says_and_before_that_nowhere() -> None:
    recorder = Recorder()
    async with upstream(recorder) as port, proxy(rules(port=port)) as running:
        names = Names()
        looking = Discovery(running.engine, lambda _: None, lambda: 0.5, names)
        await looking.begin()
        answer = await running.ask(request())
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"no_endpoint" in answer
        names.answer = ["127.0.0.1"]
        looking.look(clock() + LATER)
        await until(lambda: running.engine.rules.clusters["app"].endpoints)
        assert (await running.ask(request())).startswith(b"HTTP/1.1 200 ")
        (connector,) = running.engine.connectors()
        assert connector.pool.open == 1
        names.answer = ["127.0.0.2"]
        looking.look(clock() + 2 * LATER)
        # Whoever is gone has its connection closed, and is forgotten.
        await until(lambda: not connector.pool.open)
        running.engine.reap()
        assert [one.endpoint.address.host for one in running.engine.connectors()] == ["127.0.0.2"]
        await looking.stop()


async def test_the_system_knows_this_machine() -> None:
    assert "127.0.0.1" in await system_resolver("localhost", 80)


async def test_what_the_system_does_not_know_is_an_error() -> None:
    with pytest.raises(OSError, match=r".+"):
        await system_resolver("no-such-host.invalid", 80)


async def test_nobody_waits_for_a_thread_that_looks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()

    def ask(*_: object, **__: object) -> list[object]:
        held.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    task = asyncio.get_running_loop().create_task(system_resolver("slow.svc", 80))
    await asyncio.sleep(0)
    threads = [one for one in threading.enumerate() if one.name == "sidecar-lookup"]
    assert [one.daemon for one in threads] == [True]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    held.set()
    for one in threads:
        await asyncio.to_thread(one.join)
