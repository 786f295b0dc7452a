"""What is answered instead, as the pages about rules have it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, ask
from tests.integration.documented import Part, Service, answers, decided, example, started
from tests.servers.sidecar import SidecarProcess, SidecarStarter

FAILED = "500 Internal Server Error"
STOCK = "/skus/7/stock"


@pytest.fixture
async def other_cell() -> AsyncIterator[Service]:
    it = Service()
    async with scripted.upstream(it) as it.address:
        yield it


@pytest.fixture
def part(service: Service, other_cell: Service) -> Part:
    """The example, with the two upstreams where the test has them."""
    part = example("`fallbacks`: what is answered instead")
    part["upstreams"]["inventory"]["url"] = f"http://{service.address}"
    part["upstreams"]["other-cell"]["url"] = f"http://{other_cell.address}"
    return part


async def switched(sidecar: SidecarProcess, *words: str) -> None:
    """``sidecar switch``, as an operator calls it."""
    command = [sys.executable, "-m", "sidecar", "switch", *words]
    called = await asyncio.create_subprocess_exec(*command, "--socket", str(sidecar.state_dir))
    assert await called.wait() == 0


async def test_steps_in_their_order(
    sidecar_process: SidecarStarter, service: Service, other_cell: Service, part: Part
) -> None:
    sidecar = await started(sidecar_process, service.address, part)
    [real] = await answers(sidecar, STOCK)
    assert (real.status, real.field("x-degraded"), other_cell.asked) == (200, "", 0)

    service.status = FAILED
    [elsewhere] = await answers(sidecar, STOCK)
    assert (elsewhere.status, elsewhere.field("x-degraded")) == (200, "stock")
    assert other_cell.asked == 1

    other_cell.status = FAILED
    [filled] = await answers(sidecar, STOCK)
    assert (filled.status, filled.field("x-degraded")) == (200, "stock")
    assert json.loads(filled.body) == {
        "stock": "unknown", "path": STOCK, "why": "upstream_error",
    }  # fmt: skip
    assert filled.field("cache-control") == "no-store"
    assert filled.field("content-type").startswith("application/json")
    # Another path is not the inventory's.
    assert (await ask(sidecar.address, "/other")).status == 500


async def test_another_upstream_has_its_time(
    sidecar_process: SidecarStarter, service: Service, other_cell: Service, part: Part
) -> None:
    sidecar = await started(sidecar_process, service.address, part)
    service.breaks = True
    other_cell.seconds = 5.0
    [filled] = await answers(sidecar, STOCK)
    assert json.loads(filled.body)["stock"] == "unknown"


async def test_breakers_hear_the_truth(
    sidecar_process: SidecarStarter, service: Service, part: Part
) -> None:
    opens = {"consecutive_errors": 3}
    breaker = {"name": "inventory", "upstream": "inventory", "open_when": opens}
    sidecar = await started(sidecar_process, service.address, {**part, "breakers": [breaker]})
    service.status = FAILED
    told: list[Answer] = await answers(sidecar, STOCK, 5)
    assert {answer.status for answer in told} == {200}
    assert service.asked == 3
    assert metric(sidecar, "sidecar_breaker_state", state="open") == 1


async def test_a_switch(sidecar_process: SidecarStarter, service: Service, part: Part) -> None:
    sidecar = await started(sidecar_process, service.address, part)
    assert (await ask(sidecar.address, "/orders")).body.startswith(b"GET /orders")
    await switched(sidecar, "degrade-order-list", "on", "--for", "10m")
    asked = service.asked
    instead = await ask(sidecar.address, "/orders")
    assert json.loads(instead.body) == {"orders": [], "notice": "busy"}
    assert instead.field("x-degraded") == "order-list-off"
    assert service.asked == asked, "the upstream is not asked"
    assert (await ask(sidecar.address, "/orders", method="POST", body=b"{}")).status == 200
    await switched(sidecar, "degrade-order-list", "off")
    assert (await ask(sidecar.address, "/orders")).body.startswith(b"GET /orders")


async def test_it_is_exercised_beside_the_real_answer(
    sidecar_process: SidecarStarter, service: Service, other_cell: Service, part: Part
) -> None:
    part["fallbacks"][0]["exercise"] = "100%"
    sidecar = await started(sidecar_process, service.address, part)
    [real] = await answers(sidecar, STOCK)
    assert real.field("x-degraded") == ""

    def tried() -> bool:
        return metric(sidecar, "sidecar_fallback_trials_total", rule="stock") == 2

    await eventually(tried, "both steps were tried")
    assert other_cell.asked == 1


async def test_in_shadow_it_is_counted(
    sidecar_process: SidecarStarter, service: Service, other_cell: Service, part: Part
) -> None:
    part["fallbacks"][0]["mode"] = "shadow"
    sidecar = await started(sidecar_process, service.address, part)
    service.status = FAILED
    assert [answer.status for answer in await answers(sidecar, STOCK, 3)] == [500] * 3
    assert decided(sidecar, "stock", "applied") == 3
    assert other_cell.asked == 0
