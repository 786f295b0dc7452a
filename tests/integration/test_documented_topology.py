"""Both directions, and the port for operators, as the pages about rules have it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import ask_at
from tests.integration.clients.connection import ask
from tests.integration.documented import Service, answers, example, reason, started
from tests.integration.rule_text import rules
from tests.servers.ports import free_port
from tests.servers.sidecar import SidecarProcess, SidecarStarter

CALLS = "What the service itself calls"
TOLD = b"\r\nHost: "


@pytest.fixture
async def sidecar(sidecar_process: SidecarStarter, service: Service) -> SidecarProcess:
    part = example(CALLS)
    upstreams = part["upstreams"]
    upstreams["app"] = {"targets": [service.address]}
    upstreams["coupon"] = {"url": f"http://{service.address}"}
    upstreams["inventory"].update(targets=[service.address], local=f"127.0.0.1:{free_port()}")
    outbound = {"bind": f"127.0.0.1:{free_port()}", "others": "refuse"}
    listeners = {"inbound": {"bind": "127.0.0.1:0"}, "outbound": outbound}
    part["rate_limits"][0].update(limit="1/1h", burst=1)
    text = rules(None, **{**part, "listeners": listeners, "upstreams": upstreams})
    sidecar = await asyncio.to_thread(sidecar_process, text)
    sidecar.addresses["local"] = upstreams["inventory"]["local"]
    return sidecar


async def test_hosts_that_stand_for_an_upstream(sidecar: SidecarProcess, service: Service) -> None:
    outbound = sidecar.addresses["outbound"]
    for host in ("inventory", "INVENTORY.", "inventory.shop.svc:8080"):
        assert (await ask(outbound, f"http://{host}/")).status == 200, host
        assert TOLD + host.encode() in service.heads[-1], "as the client wrote it"
    refused = await ask(outbound, "http://elsewhere.example/")
    assert (refused.status, reason(refused)) == (421, "misdirected")
    assert b"elsewhere.example" in refused.body
    assert (await ask(outbound, "inventory:80", method="CONNECT")).status == 405


async def test_a_port_of_its_own(sidecar: SidecarProcess, service: Service) -> None:
    assert (await ask(sidecar.addresses["local"], "/skus/7/stock")).status == 200
    assert TOLD + b"inventory.shop.svc" in service.heads[-1], "the first of its hosts"


async def test_which_rules_hold(sidecar: SidecarProcess) -> None:
    """Those without ``upstream:`` never hold for the service's own calls."""
    assert [answer.status for answer in await answers(sidecar, "/", 3)] == [200, 429, 429]
    for _ in range(3):
        assert (await ask(sidecar.addresses["outbound"], "http://coupon/")).status == 200


async def test_a_route_for_calls_opens_no_path_to_clients(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    part = example(CALLS)
    del part["upstreams"]["inventory"]["local"]
    other = Service()
    async with scripted.upstream(other) as other.address:
        part["upstreams"]["inventory"]["targets"] = [other.address]
        part["upstreams"]["inventory"]["hosts"] = ["inventory.shop.svc"]
        outbound = {"bind": f"127.0.0.1:{free_port()}"}
        part["listeners"] = {"inbound": {"bind": "127.0.0.1:0"}, "outbound": outbound}
        part["upstreams"]["app"] = {"targets": [service.address]}
        sidecar = await asyncio.to_thread(sidecar_process, rules(None, **part))
        await answers(sidecar, "/skus/7/stock")
        assert (service.asked, other.asked) == (1, 0)
        await ask(sidecar.addresses["outbound"], "http://inventory/skus/7/stock")
        assert (service.asked, other.asked) == (1, 1)


async def test_the_port_for_operators(
    sidecar_process: SidecarStarter, service: Service, tmp_path: Path
) -> None:
    part = example("Who may look and steer: `admin`")
    token = tmp_path / "token.txt"
    token.write_text("a secret\n", encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    part["admin"] = {"bind": address, "token": {"file": str(token)}}
    await started(sidecar_process, service.address, part)
    assert (await asyncio.to_thread(ask_at, address, "/v1/status"))[0] == 401
    shown = [("Authorization", "Bearer a secret")]
    assert (await ask(address, "/v1/status", fields=shown)).status == 200
