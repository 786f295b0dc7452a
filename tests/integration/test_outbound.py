"""The way out of a service: by the outbound listener or a port of an upstream's own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import ask
from tests.integration.running import as_systemd_starts_it, take_over
from tests.integration.test_curl import Said
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

BODY = b"in stock"


async def stock(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(scripted.answer(BODY))
    return True


@pytest.fixture
async def inventory() -> AsyncIterator[Address]:
    async with scripted.upstream(stock) as address:
        yield address


def text(inventory: Address, *, others: str = "refuse", **upstream: Any) -> str:
    """Rules of a service that calls an inventory."""
    where = upstream or {"targets": [inventory]}
    return json.dumps({
        "format": "sidecar/v1",
        "service": "order",
        "listeners": {
            "inbound": {"bind": "127.0.0.1:0"},
            "outbound": {"bind": "127.0.0.1:0", "others": others},
        },
        "upstreams": {
            "app": {"targets": ["127.0.0.1:9"]},
            "inventory": {"hosts": ["inventory.shop.svc"], "local": "127.0.0.1:0", **where},
        },
        "telemetry": {"logs": {"file": "none"}},
    })  # fmt: skip


async def started(start: SidecarStarter, rules: str, loop: Loop = "uvloop") -> SidecarProcess:
    return await asyncio.to_thread(start, rules, loop=loop)


async def curl(sidecar: SidecarProcess, *arguments: str, status: int | None = 0) -> Said:
    """curl with the outbound listener as its proxy."""
    proxy = f"http://{sidecar.addresses['outbound']}"
    return await asyncio.to_thread(lambda: Said("--proxy", proxy, *arguments, status=status))


@both_loops
async def test_curl_and_its_proxy(
    sidecar_process: SidecarStarter, inventory: Address, loop: Loop
) -> None:
    sidecar = await started(sidecar_process, text(inventory), loop)
    said = await curl(sidecar, "http://inventory.shop.svc/stock", "http://Inventory:8080/stock")
    assert (said.codes, said.body) == ([200, 200], BODY + BODY)
    said = await curl(sidecar, "http://elsewhere.example/")
    assert said.codes == [421]
    assert b"'elsewhere.example' is no upstream's host" in said.body
    local = f"http://{sidecar.addresses['local/inventory']}/stock"
    said = await asyncio.to_thread(Said, local)
    assert (said.codes, said.body) == ([200], BODY)


async def test_who_asks_for_a_tunnel_reads_why_there_is_none(
    sidecar_process: SidecarStarter, inventory: Address
) -> None:
    sidecar = await started(sidecar_process, text(inventory))
    said = await curl(sidecar, "https://inventory.shop.svc/stock", status=56)
    assert "405" in said.told


async def test_other_hosts_where_they_are_let_through(
    sidecar_process: SidecarStarter, inventory: Address
) -> None:
    sidecar = await started(sidecar_process, text("127.0.0.1:9", others="pass"))
    port = inventory.rpartition(":")[2]
    said = await curl(sidecar, f"http://localhost:{port}/a", f"http://127.0.0.1:{port}/b")
    assert (said.codes, said.body) == ([200, 200], BODY + BODY)
    said = await curl(sidecar, f"http://{sidecar.addresses['outbound']}/")
    assert said.codes == [508]
    calls = await asyncio.to_thread(
        metric, sidecar, "http_client_request_duration_seconds_count", upstream="other"
    )
    assert calls >= 2


async def test_python_clients_and_their_proxies(
    sidecar_process: SidecarStarter, inventory: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = await started(sidecar_process, text(inventory))
    monkeypatch.setenv("HTTP_PROXY", f"http://{sidecar.addresses['outbound']}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with aiohttp.ClientSession(trust_env=True) as session:
        for _ in range(3):
            async with session.get("http://inventory.shop.svc/stock") as answer:
                assert (answer.status, await answer.read()) == (200, BODY)


async def test_an_upstream_that_is_found_by_name(
    sidecar_process: SidecarStarter, inventory: Address
) -> None:
    port = int(inventory.rpartition(":")[2])
    rules = text("", dns="localhost", port=port, refresh="1s")
    sidecar = await started(sidecar_process, rules)
    # It was looked up before anybody was let in.
    answer = await ask(sidecar.addresses["local/inventory"], "/stock")
    assert (answer.status, answer.body) == (200, BODY)

    def looked_up() -> float:
        return metric(sidecar, "sidecar_upstream_lookups_total", result="success")

    await eventually(lambda: looked_up() >= 2, "it is looked up again")


async def test_a_name_that_nobody_knows_keeps_no_sidecar_from_starting(
    sidecar_process: SidecarStarter,
) -> None:
    rules = text("", dns="no-such-host.invalid", port=80)
    sidecar = await started(sidecar_process, rules)
    answer = await ask(sidecar.addresses["local/inventory"], "/stock")
    assert answer.status == 503
    assert b"no_endpoint" in answer.body
    await eventually(lambda: "no-such-host.invalid of upstream inventory" in sidecar.log, "said")


async def test_a_take_over_loses_no_call(
    sidecar_process: SidecarStarter, inventory: Address
) -> None:
    old = await started(sidecar_process, text(inventory))
    addresses = dict(old.addresses)
    failures: list[str] = []
    calls = {"outbound": 0, "local/inventory": 0}
    stopping = asyncio.Event()

    async def call(name: str) -> None:
        while not stopping.is_set():
            answer = await ask(
                addresses[name], "http://inventory/stock", fields=[("Connection", "close")]
            )
            calls[name] += 1
            if answer.status != 200:
                failures.append(f"{name}: {answer}")

    async with asyncio.TaskGroup() as group:
        for name in calls:
            group.create_task(call(name))
        for _ in range(3):
            new = await take_over(old, sidecar_process, text(inventory))
            assert new.addresses == addresses
            assert await asyncio.to_thread(old.process.wait) == 0
            old = new
        stopping.set()
    assert failures == []
    assert min(calls.values()) > 20


async def test_sockets_that_systemd_passes(tmp_path: Path, inventory: Address) -> None:
    names = ("inbound", "outbound", "local/inventory")
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    given = {name: sock.fileno() for name, sock in sockets.items()}
    try:
        with as_systemd_starts_it(tmp_path, text(inventory), given, tmp_path / "s") as sidecar:
            for name, sock in sockets.items():
                assert sidecar.addresses[name] == f"127.0.0.1:{sock.getsockname()[1]}"
            answer = await ask(sidecar.addresses["outbound"], "http://inventory/stock")
            assert answer.status == 200
    finally:
        for sock in sockets.values():
            sock.close()


async def test_calls_that_run_are_finished_and_then_nobody_is_let_in(
    sidecar_process: SidecarStarter,
) -> None:
    released = asyncio.Event()

    async def slow(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await released.wait()
        writer.write(scripted.answer(BODY))
        return True

    async with scripted.upstream(slow) as address:
        sidecar = await started(sidecar_process, text(address))
        outbound = sidecar.addresses["outbound"]
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(ask(outbound, "http://inventory/stock"))
            await eventually(
                lambda: metric(sidecar, "sidecar_requests_in_flight", listener="outbound") == 1,
                "it runs",
            )
            os.kill(sidecar.pid, signal.SIGTERM)
            await asyncio.sleep(0.2)
            released.set()
        assert asked.result().status == 200
        assert await asyncio.to_thread(sidecar.process.wait) == 0
