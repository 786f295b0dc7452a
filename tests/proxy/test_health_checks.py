"""What endpoints are asked, what is made of their answers, and that it begins and ends in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.cluster.endpoint import Endpoint, EndpointAddress, UpstreamTls
from sidecar.cluster.health import CheckSettings
from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.health_checks import HealthChecks
from sidecar.proxy.tls import ListenerContext, ListenerTls
from tests.integration.certificates import Authority
from tests.proxy.client import until
from tests.proxy.harness import Proxy, Recorder, endpoint, proxy, rules_for, upstream

SETTINGS = CheckSettings(
    b"/healthz", every=5.0, timeout=0.5, healthy_after=1, unhealthy_after=1, expect=((200, 299),)
)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Closing(Recorder):
    """A recorder that ends its connections by itself."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await super().__call__(reader, writer)
        finally:
            writer.close()

    async def done(self) -> None:
        """Wait until nobody is served any more."""
        await until(lambda: not self.open)
        await asyncio.sleep(0)


class Checked:
    """A proxy whose only endpoint is checked when the test says so."""

    def __init__(self, running: Proxy, one: Endpoint, lot: float) -> None:
        self.running = running
        self.endpoint = one
        self.checks = HealthChecks(running.engine, lambda: lot)

    async def once(self, now: float = 1000.0) -> str:
        """What was found wrong, after what is due at this time is done."""
        told: list[str] = []
        health = self.running.engine.rules.clusters["app"].health
        health._tell = lambda notice: told.append(notice.text)
        before = self.endpoint.checks.passed + self.endpoint.checks.failed
        self.checks.look(now)
        await until(lambda: not self.checks.running)
        assert self.endpoint.checks.passed + self.endpoint.checks.failed <= before + 1
        return told[0].partition(": ")[2] if told else ""


@contextlib.asynccontextmanager
async def checked(
    one: Endpoint, settings: CheckSettings = SETTINGS, lot: float = 0.0
) -> AsyncIterator[Checked]:
    rules = rules_for([one])
    rules.clusters["app"].checks = settings
    async with proxy(rules) as running:
        found = Checked(running, one, lot)
        yield found
        await found.checks.stop()
        assert found.checks.running == 0


async def test_it_asks_for_the_path_on_a_connection_of_its_own() -> None:
    service = Recorder(OK)
    async with upstream(service) as port, checked(endpoint(port)) as found:
        assert await found.once() == ""
        assert found.endpoint.is_well
        assert (found.endpoint.checks.passed, found.endpoint.checks.failed) == (1, 0)
        assert found.endpoint.pool.open == 0
        assert found.running.meters.connections_open == 0
    (heard,) = service.requests
    assert (heard.method, heard.target, heard.version) == (b"GET", b"/healthz", b"1.1")
    assert heard.get("host") == f"127.0.0.1:{port}".encode()
    assert heard.get("connection") == b"close"
    assert heard.get("user-agent") == b"sidecar-health-check"


@pytest.mark.parametrize(
    "answer, problem",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\n\r\nwhatever until the end", ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", ""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "it answered 503"),
        (b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", "it answered 301"),
        (b"nonsense\r\n\r\n", "upstream_bad_response: "),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
         "upstream_bad_response: "),
    ],
)  # fmt: skip
async def test_what_is_made_of_an_answer(answer: bytes, problem: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    async with upstream(serve) as port, checked(endpoint(port)) as found:
        told = await found.once()
        assert told.startswith(problem) if problem else told == ""
        assert found.endpoint.is_well is (problem == "")


async def test_who_hangs_up_has_failed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with upstream(serve) as port, checked(endpoint(port)) as found:
        assert (await found.once()).startswith("upstream_reset")


async def test_who_does_not_answer_in_time_has_failed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - a script
        await reader.read()

    soon = replace(SETTINGS, timeout=0.05)
    async with upstream(serve) as port, checked(endpoint(port), soon) as found:
        assert await found.once() == "no answer within 0.05s"


async def test_where_nobody_listens_the_endpoint_is_out_until_somebody_does() -> None:
    async with upstream(Recorder(OK)) as port:
        pass
    one = endpoint(port)
    async with checked(one) as found:
        assert await found.once() != ""
        assert found.running.engine.rules.clusters["app"].pick() is None
        service = Closing(OK)
        async with await asyncio.start_server(service, "127.0.0.1", port):
            await found.once(1005.0)
            await service.done()
            assert found.running.engine.rules.clusters["app"].pick() is one
        found.running.engine.connector(one).look(1.0)
        meters = found.running.meters
        assert (meters.is_up, meters.checks_passed, meters.checks_failed) == (True, 1, 1)


async def test_checks_begin_when_they_are_due() -> None:
    service = Recorder(OK)
    async with upstream(service) as port, checked(endpoint(port), lot=0.5) as found:
        counts = []
        for now in (1000.0, 1002.4, 1002.5, 1007.4, 1007.5, 1030.0, 1030.1, 1035.0):
            await found.once(now)
            counts.append(found.endpoint.checks.passed)
    # What was missed is not made up for.
    assert counts == [0, 0, 1, 1, 2, 3, 3, 4]


async def test_one_check_at_a_time_and_none_after_the_stop() -> None:
    begun = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 - a script
        nonlocal begun
        begun += 1
        await reader.read()

    settings = replace(SETTINGS, timeout=30.0)
    async with upstream(serve) as port, checked(endpoint(port), settings) as found:
        for now in (1000.0, 1005.0, 1010.0):
            found.checks.look(now)
        await until(lambda: begun == 1)
        assert found.checks.running == 1
        await found.checks.stop()
        assert found.checks.running == 0
        assert not found.endpoint.checks.running
    assert begun == 1


async def test_an_upstream_without_checks_is_left_alone() -> None:
    service = Recorder(OK)
    async with upstream(service) as port, proxy(rules_for([endpoint(port)])) as running:
        checks = HealthChecks(running.engine, lambda: 0.0)
        checks.look(1000.0)
        assert checks.running == 0


async def test_over_a_unix_socket(tmp_path: Path) -> None:
    service = Closing(OK)
    path = str(tmp_path / "app.sock")
    server = await asyncio.start_unix_server(service, path)
    one = Endpoint(EndpointAddress(path=path), None, PoolSettings())
    async with server, checked(one) as found:
        assert await found.once() == ""
        await service.done()
    assert service.requests[0].get("host") == b"localhost"


@pytest.mark.parametrize("believed", [True, False])
async def test_over_tls_as_requests_are_sent(tmp_path: Path, believed: bool) -> None:
    ours, strangers = Authority(tmp_path / "ours"), Authority(tmp_path / "strangers", "others")
    shown = ours.issue("app")
    context = ListenerContext(ListenerTls(str(shown.cert), str(shown.key))).context
    service = Closing(OK)
    server = await asyncio.start_server(service, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusted = ours if believed else strangers
    tls = UpstreamTls("localhost", ca=str(trusted.ca))
    one = Endpoint(EndpointAddress("127.0.0.1", port), tls, PoolSettings())
    async with server, checked(one) as found:
        problem = await found.once()
        assert problem == "" if believed else "certificate verify failed" in problem
        await service.done()
    assert [heard.get("host") for heard in service.requests] == [b"localhost"] * believed
