"""TLS on the listener and towards upstreams, with real certificates and real handshakes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.integration import scripted
from tests.integration.certificates import Authority, Certificate
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import BrokenAnswer, Connection, ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import by_path, rules, tls_rules
from tests.integration.running import ended, take_over
from tests.servers.nginx import LARGE_BODY_BYTES, SMALL_BODY, Nginx, parse_echo
from tests.servers.ports import is_listening
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody here believes."""
    return Authority(tmp_path_factory.mktemp("strangers"), "somebody else")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Certificate:
    return authority.issue("server")


@pytest.fixture(scope="module")
def mary(authority: Authority) -> Certificate:
    return authority.issue("mary", hosts=())


@pytest.fixture(scope="module")
def secure(
    shared_start: SidecarStarter, nginx: Nginx, server: Certificate, loop: Loop
) -> SidecarProcess:
    """A sidecar that speaks TLS to anybody."""
    return shared_start(tls_rules(nginx.address, server), loop=loop)


@pytest.fixture(scope="module")
def strict(
    shared_start: SidecarStarter,
    nginx: Nginx,
    server: Certificate,
    authority: Authority,
    loop: Loop,
) -> dict[str, SidecarProcess]:
    """One that requires a client certificate, and one that asks for it."""
    asks = {
        how: tls_rules(nginx.address, server, client_ca=str(authority.ca), client_certificate=how)
        for how in ("require", "request")
    }
    return {how: shared_start(text, loop=loop) for how, text in asks.items()}


async def serial_shown(sidecar: SidecarProcess, context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new connection is shown."""
    async with await Connection.open(sidecar.address, tls=context) as connection:
        return shown(connection)


def shown(connection: Connection) -> int:
    certificate = connection.writer.get_extra_info("peercert")
    return int(certificate["serialNumber"], 16)


class TestListener:
    async def test_serves(
        self, secure: SidecarProcess, authority: Authority, server: Certificate
    ) -> None:
        context = authority.client()
        async with await Connection.open(secure.address, tls=context) as connection:
            assert shown(connection) == server.serial
            for _ in range(3):
                answer = await connection.ask("/echo")
                assert answer.status == 200
                assert parse_echo(answer.body)["x-forwarded-proto"] == "https"

    async def test_large_bodies_both_ways(
        self, secure: SidecarProcess, authority: Authority, nginx: Nginx
    ) -> None:
        body = os.urandom(5_000_000)
        url = f"https://{secure.address}"
        async with httpx.AsyncClient(base_url=url, verify=authority.client()) as client:
            assert (await client.put("/store/tls", content=body)).status_code in {201, 204}
            assert nginx.stored("tls").read_bytes() == body
            assert (await client.get("/large")).content == bytes(LARGE_BODY_BYTES)
            together = [client.get("/small") for _ in range(50)]
            assert {one.content for one in await asyncio.gather(*together)} == {SMALL_BODY}

    async def test_a_client_that_does_not_believe_us_goes(
        self, secure: SidecarProcess, strangers: Authority
    ) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await Connection.open(secure.address, tls=strangers.client())

    async def test_plain_text_is_no_handshake(
        self, secure: SidecarProcess, authority: Authority
    ) -> None:
        with pytest.raises((BrokenAnswer, OSError)):
            await ask(secure.address, "/small")
        assert (await ask(secure.address, "/small", tls=authority.client())).body == SMALL_BODY
        assert "Traceback" not in secure.log

    async def test_a_handshake_that_stops_in_the_middle_costs_nobody_else(
        self, secure: SidecarProcess, authority: Authority
    ) -> None:
        async with await Connection.open(secure.address) as stuck:
            await stuck.send(b"\x16\x03\x01\x02\x00\x01")
            assert (await ask(secure.address, "/small", tls=authority.client())).status == 200

    async def test_websocket(
        self, sidecar_process: SidecarStarter, authority: Authority, server: Certificate, loop: Loop
    ) -> None:
        async def echo(connection: ServerConnection) -> None:
            async for message in connection:
                await connection.send(message)

        large = os.urandom(2 << 20)
        async with serve(echo, "127.0.0.1", 0, max_size=None) as app:
            port = next(iter(app.sockets)).getsockname()[1]
            text = tls_rules(f"127.0.0.1:{port}", server)
            sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
            url = f"wss://{sidecar.address}/"
            async with connect(url, ssl=authority.client(), max_size=None) as client:
                await client.send(large)
                assert await client.recv() == large


class TestClientCertificates:
    @pytest.mark.parametrize("how", ["require", "request"])
    async def test_one_of_ours_is_let_in(
        self, strict: dict[str, SidecarProcess], authority: Authority, mary: Certificate, how: str
    ) -> None:
        answer = await ask(strict[how].address, "/small", tls=authority.client(mary))
        assert answer.body == SMALL_BODY

    @pytest.mark.parametrize("how", ["require", "request"])
    async def test_one_of_somebody_elses_is_not(
        self,
        strict: dict[str, SidecarProcess],
        authority: Authority,
        strangers: Authority,
        how: str,
    ) -> None:
        context = authority.client(strangers.issue("mallory", hosts=()))
        with pytest.raises((BrokenAnswer, OSError)):
            await ask(strict[how].address, "/small", tls=context)

    async def test_an_expired_one_is_not(
        self, strict: dict[str, SidecarProcess], authority: Authority
    ) -> None:
        late = authority.issue("late", hosts=(), expired=True)
        with pytest.raises((BrokenAnswer, OSError)):
            await ask(strict["require"].address, "/small", tls=authority.client(late))

    async def test_none_at_all(
        self, strict: dict[str, SidecarProcess], authority: Authority
    ) -> None:
        asked = await ask(strict["request"].address, "/small", tls=authority.client())
        assert asked.body == SMALL_BODY
        with pytest.raises((BrokenAnswer, OSError)):
            await ask(strict["require"].address, "/small", tls=authority.client())


async def test_a_new_certificate_on_disk_is_shown_to_new_connections(
    sidecar_process: SidecarStarter, nginx: Nginx, authority: Authority, loop: Loop
) -> None:
    used, renewed = authority.issue(f"used-{loop}"), authority.issue("renewed")
    sidecar = sidecar_process(tls_rules(nginx.address, used), loop=loop)
    context = authority.client()
    async with await Connection.open(sidecar.address, tls=context) as old:
        assert shown(old) == used.serial
        used.replace(renewed)

        async def is_shown() -> bool:
            return await serial_shown(sidecar, context) == renewed.serial

        await eventually(is_shown, "the new certificate is shown")
        assert (await old.ask("/small")).body == SMALL_BODY
        assert shown(old) == used.serial
    assert (await ask(sidecar.address, "/small", tls=context)).body == SMALL_BODY


async def test_a_certificate_that_cannot_be_used_does_not_replace_the_old_one(
    sidecar_process: SidecarStarter, nginx: Nginx, authority: Authority
) -> None:
    used, other = authority.issue("used"), authority.issue("other")
    sidecar = sidecar_process(tls_rules(nginx.address, used))
    context = authority.client()
    used.cert.write_bytes(other.cert.read_bytes())
    await eventually(lambda: "the certificate stays as it is" in sidecar.log, "it is said")
    assert await serial_shown(sidecar, context) == used.serial
    assert (await ask(sidecar.address, "/small", tls=context)).body == SMALL_BODY
    used.key.write_bytes(other.key.read_bytes())

    async def is_shown() -> bool:
        return await serial_shown(sidecar, context) == other.serial

    await eventually(is_shown, "the certificate with its key is shown")


async def test_a_client_authority_that_changes_on_disk_is_followed(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    authority: Authority,
    strangers: Authority,
    loop: Loop,
    tmp_path: Path,
) -> None:
    """Whom a new file no longer names is refused: leaving somebody out must take effect."""
    believed = tmp_path / "believed.pem"
    believed.write_bytes(strangers.ca.read_bytes())
    text = tls_rules(
        nginx.address,
        authority.issue("server-2"),
        client_ca=str(believed),
        client_certificate="require",
    )
    sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
    stranger = authority.client(strangers.issue("stranger", hosts=()))
    ours = authority.client(authority.issue("ours", hosts=()))
    assert (await ask(sidecar.address, "/small", tls=stranger)).status == 200
    believed.write_bytes(authority.ca.read_bytes())

    async def is_let_in() -> bool:
        try:
            return (await ask(sidecar.address, "/small", tls=ours)).status == 200
        except (BrokenAnswer, OSError):
            return False

    await eventually(is_let_in, "who is named now is let in")
    with pytest.raises((BrokenAnswer, OSError)):
        await ask(sidecar.address, "/small", tls=stranger)


# --- towards upstreams

FAILS = (502, "upstream_tls_failure")


async def says_ok(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(scripted.answer())
    return True


async def told_of(sidecar: SidecarProcess, upstream: str) -> tuple[int, str]:
    """Status and body, or reason, of what a client is told of an upstream."""
    answer = await ask(sidecar.address, f"/{upstream}")
    if answer.status == 200:
        return 200, answer.body.decode()
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    return answer.status, problem["reason"]


async def test_upstreams_are_verified(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    authority: Authority,
    strangers: Authority,
    server: Certificate,
    mary: Certificate,
    loop: Loop,
) -> None:
    ca = {"ca": str(authority.ca)}
    shown = {"cert": str(mary.cert), "key": str(mary.key)}
    async with (
        scripted.upstream(says_ok, tls=authority.server(server)) as address,
        scripted.upstream(says_ok, tls=authority.server(server, demands=True)) as strict,
        scripted.upstream(
            says_ok, tls=authority.server(authority.issue("expired", expired=True))
        ) as expired,
    ):
        url = f"https://{address}"
        upstreams: dict[str, dict[str, Any]] = {
            "system-authorities": {"url": url},
            "our-authority": {"url": url, "tls": ca},
            "right-name": {"url": url, "tls": {**ca, "server_name": "localhost"}},
            "wrong-name": {"url": url, "tls": {**ca, "server_name": "other.example"}},
            "wrong-authority": {"url": url, "tls": {"ca": str(strangers.ca)}},
            "unverified": {"url": url, "tls": {"verify": False}},
            "expired": {"url": f"https://{expired}", "tls": ca},
            "plain-http": {"url": f"https://{nginx.address}", "tls": {"verify": False}},
            "certificate-shown": {"url": f"https://{strict}", "tls": {**ca, **shown}},
            "certificate-missing": {"url": f"https://{strict}", "tls": ca},
        }
        sidecar = await asyncio.to_thread(sidecar_process, by_path(upstreams), loop=loop)
        told = {name: await told_of(sidecar, name) for name in upstreams}
    # TLS 1.3 has a server refuse a certificate when the request is under way.
    assert told.pop("certificate-missing") in {FAILS, (502, "upstream_reset")}
    assert told == {
        "system-authorities": FAILS,
        "our-authority": (200, "ok"),
        "right-name": (200, "ok"),
        "wrong-name": FAILS,
        "wrong-authority": FAILS,
        "unverified": (200, "ok"),
        "expired": FAILS,
        "plain-http": FAILS,
        "certificate-shown": (200, "ok"),
    }
    failures = "sidecar_upstream_connect_failures_total"
    assert metric(sidecar, failures, reason="upstream_tls_failure") >= 5


# --- the end of a listener with TLS


async def test_a_hand_over_under_load_loses_no_handshake(
    sidecar_process: SidecarStarter, nginx: Nginx, authority: Authority, server: Certificate
) -> None:
    text = tls_rules(nginx.address, server)
    old = await asyncio.to_thread(sidecar_process, text, loop="uvloop")
    context = authority.client()
    crowd = Crowd(old.address, tls=context)
    crowd.add("fresh", 4, get("/small", SMALL_BODY), keep_alive=False)
    crowd.add("kept", 4, get("/small", SMALL_BODY), keep_alive=True)
    loops: list[Loop] = ["asyncio", "uvloop", "asyncio"]
    async with crowd.at_work():
        for loop in loops:
            new = await take_over(old, sidecar_process, text, loop)
            assert await ended(old) == 0
            old = new
    assert crowd.failures == []
    assert {status for notes in crowd.notes.values() for status in notes.statuses} == {200}


async def test_handshakes_that_do_not_end_take_up_room_and_are_cut(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    authority: Authority,
    server: Certificate,
    loop: Loop,
) -> None:
    tls = {"cert": str(server.cert), "key": str(server.key)}
    limits = {"connections": 5, "head_within": "1s"}
    text = rules(nginx.address, inbound={"tls": tls, "limits": limits})
    sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
    refused = "sidecar_downstream_connections_refused_total"
    async with contextlib.AsyncExitStack() as stack:
        stuck = [
            await stack.enter_async_context(await Connection.open(sidecar.address))
            for _ in range(8)
        ]
        await eventually(
            lambda: metric(sidecar, refused, reason="too_many_connections") >= 3, "no more room"
        )
        for one in stuck:
            assert await one.end() == b""
    assert (await ask(sidecar.address, "/small", tls=authority.client())).body == SMALL_BODY
    assert metric(sidecar, refused, reason="tls_handshake_failed") >= 5
    assert "Traceback" not in sidecar.log


async def test_a_drain_waits_for_a_handshake_under_way(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    authority: Authority,
    server: Certificate,
    loop: Loop,
) -> None:
    """A client that was accepted is served, though it was slow to say its first word."""
    text = tls_rules(nginx.address, server)
    sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
    async with await Connection.open(sidecar.address) as late:
        # Whoever came later was let in, so this one was too.
        assert (await ask(sidecar.address, "/small", tls=authority.client())).status == 200
        sidecar.process.send_signal(signal.SIGTERM)
        await eventually(lambda: not is_listening(sidecar.address), "the door is closed")
        await late.writer.start_tls(authority.client(), server_hostname="localhost")
        answer = await late.ask("/small")
        assert (answer.body, answer.closes) == (SMALL_BODY, True)
    assert await ended(sidecar) == 0
