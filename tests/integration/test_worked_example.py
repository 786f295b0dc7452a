"""``rules/order-service.rules.yaml`` in front of a service, with ports of the test's own."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.clients.connection import Answer, ask
from tests.integration.documented import ROOT, Service, reason, statuses
from tests.servers.ports import free_port
from tests.servers.sidecar import SidecarProcess, SidecarStarter

RULES = ROOT / "rules"
WORKED = (RULES / "order-service.rules.yaml").read_text(encoding="utf-8")
#: Where the example has its own addresses, and the test those that it gives away.
PORTS = ("0.0.0.0:8080", "127.0.0.1:15001", "127.0.0.1:15011", "127.0.0.1:9464")


@pytest.fixture
async def sidecar(sidecar_process: SidecarStarter, service: Service) -> SidecarProcess:
    text = WORKED
    for address in PORTS:
        assert address in text
        text = text.replace(address, f"127.0.0.1:{free_port()}")
    text = text.replace("127.0.0.1:9000", service.address)
    text = text.replace("[10.0.0.5:8080, 10.0.0.6:8080]", f"[127.0.0.1:{free_port()}]")
    text = text.replace("inventory.cell-b.local:8080", service.address)
    text = text.replace("10.0.0.0/8", "127.0.0.1")
    for folder in ("lists", "keys", "static"):
        text = text.replace(f"file: {folder}/", f"file: {RULES / folder}/")
    return await asyncio.to_thread(sidecar_process, text)


async def test_it_does_what_it_says(sidecar: SidecarProcess) -> None:
    async def status(target: str, method: str = "GET", **fields: str) -> int:
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        return (await ask(sidecar.address, target, method=method, fields=named)).status

    assert await status("/orders", x_user_id="ann") == 200
    assert await status("/orders", x_user_id="scalper-1") == 403
    assert await status("/partners/x", x_user_id="bob") == 403
    assert await status("/orders", authorization="Bearer made-up") == 401
    assert await status("/internal/x", x_user_id="eve") == 200
    assert await status("/orders", x_forwarded_for="198.51.100.7") == 403
    assert await statuses(sidecar, "/healthz", 50) == {200: 50}
    greedy = await statuses(sidecar, "/orders", 30, fields=[("x-user-id", "greedy")])
    assert 10 <= greedy[200] < 30
    vip = [("x-user-id", "customer-service")]
    assert await statuses(sidecar, "/orders", 30, fields=vip) == {200: 30}


async def test_nothing_answers_for_the_inventory(sidecar: SidecarProcess, service: Service) -> None:
    elsewhere: Answer = await ask(sidecar.address, "/skus/7/stock")
    assert (elsewhere.status, elsewhere.field("x-degraded")) == (200, "stock")
    assert elsewhere.body.startswith(b"GET /skus/7/stock")
    service.status = "500 Internal Server Error"
    instead = await ask(sidecar.address, "/skus/7/stock")
    assert (instead.status, instead.field("x-degraded")) == (200, "stock-unknown")
    assert instead.body == (RULES / "static" / "stock-unknown.json").read_bytes()


async def test_the_service_calls_by_name(sidecar: SidecarProcess, service: Service) -> None:
    """As with HTTP_PROXY: the target says which upstream is meant."""

    async def called(host: str) -> tuple[int, str]:
        answer = await ask(sidecar.addresses["outbound"], f"http://{host}/skus/7/stock")
        return answer.status, answer.field("x-degraded") or reason(answer)

    assert await called("inventory") == (200, "stock")
    assert await called("inventory.shop.svc") == (200, "stock")
    assert service.asked == 2
    # Nobody is found by that name where tests run.
    assert await called("coupon.shop.svc:8443") == (503, "no_endpoint")
    assert (await called("strange.example"))[0] == 421
