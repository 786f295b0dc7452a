"""The shop's services as processes, without a sidecar."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from tests.integration.demo_services.shop.running import Services, services
from tests.servers.processes import Process

ANN = {"x-user-id": "ann"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Services]:
    with services(tmp_path, stock=25) as started:
        yield started


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as made:
        yield made


async def _order(
    session: ClientSession, shop: Services, body: Any, **fields: str
) -> tuple[int, Any]:
    headers = ANN | {name.replace("_", "-"): value for name, value in fields.items()}
    async with session.post(f"{shop.url('storefront')}/orders", json=body, headers=headers) as got:
        return got.status, await got.json(content_type=None)


async def _page(session: ClientSession, shop: Services, number: int) -> tuple[int, Any]:
    async with session.get(f"{shop.url('storefront')}/products/{number}") as got:
        return got.status, await got.json(content_type=None)


async def _ledgers(session: ClientSession, shop: Services) -> tuple[Any, Any]:
    shown = [await shop.turn(session, name, {}) for name in ("order", "inventory")]
    return shown[0]["ledger"], shown[1]["ledger"]


async def test_what_is_ordered_is_gone_from_the_page(
    session: ClientSession, shop: Services
) -> None:
    status, order = await _order(session, shop, {"product": 7, "quantity": 2})
    assert (status, order["state"], order["total_cents"]) == (201, "confirmed", 2 * 2650)
    _, page = await _page(session, shop, 7)
    assert (page["available"], page["sold"], page["degraded"]) == (23, 2, [])
    async with session.get(f"{shop.url('storefront')}/orders", headers=ANN) as got:
        assert (await got.json())["orders"] == [order]


async def test_sold_out_is_sold_out_however_many_come_at_once(
    session: ClientSession, shop: Services
) -> None:
    answers = await asyncio.gather(
        *(_order(session, shop, {"product": 7, "quantity": 2}) for _ in range(40))
    )
    statuses = [status for status, _ in answers]
    assert (statuses.count(201), statuses.count(409)) == (12, 28)
    ordered, reserved = await _ledgers(session, shop)
    assert ordered == {"orders": 12, "pieces": 24, "unsettled": 0}
    assert reserved == {"reservations": 12, "pieces": 24}


async def test_the_same_key_is_the_same_order(session: ClientSession, shop: Services) -> None:
    one = {"product": 7}
    first, order = await _order(session, shop, one, idempotency_key="k")
    again, same = await _order(session, shop, one, idempotency_key="k")
    assert (first, again, same) == (201, 200, order)
    status, problem = await _order(session, shop, {"product": 8}, idempotency_key="k")
    assert status == 409
    assert "another order" in problem["detail"]


async def test_an_inventory_that_fails_leaves_nothing_reserved_in_vain(
    session: ClientSession, shop: Services
) -> None:
    await shop.turn(session, "inventory", {"error_share": 0.5})
    answers = await asyncio.gather(*(_order(session, shop, {"product": 7}) for _ in range(20)))
    assert {status for status, _ in answers} == {201, 503}
    await shop.turn(session, "inventory", {"error_share": 0})
    async with asyncio.timeout(10):
        while (ledgers := await _ledgers(session, shop))[0]["unsettled"]:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.1)
    assert ledgers[0]["pieces"] == ledgers[1]["pieces"]


async def test_a_warehouse_that_fails_or_is_gone_stops_no_order(
    session: ClientSession, shop: Services
) -> None:
    async def reserve(key: str) -> tuple[int, Any]:
        url = f"{shop.url('inventory')}/reservations/{key}"
        async with session.put(url, json={"product": 7}) as got:
            return got.status, (await got.json())["shelf"]

    assert await reserve("a") == (201, "B2")
    await shop.turn(session, "warehouse", {"error_share": 1})
    assert await reserve("b") == (201, None)
    shop.process("warehouse").stop()
    assert await reserve("c") == (201, None)
    assert (await _order(session, shop, {"product": 7}))[0] == 201


async def test_without_the_inventory_there_is_no_page_but_a_list_of_orders(
    session: ClientSession, shop: Services
) -> None:
    await _page(session, shop, 7)
    shop.process("inventory").stop()
    assert (await _page(session, shop, 7))[0] == 503
    async with session.get(f"{shop.url('storefront')}/orders", headers=ANN) as got:
        assert got.status == 200


@pytest.mark.parametrize(
    "body,detail",
    [
        ([], "Expected `object`"),
        ({}, "missing required field `product`"),
        ({"product": 0}, "$.product"),
        ({"product": 7, "quantity": 101}, "$.quantity"),
        ({"product": 7, "price": 1}, "unknown field `price`"),
    ],
)
async def test_what_is_wrong_with_an_order_is_said(
    session: ClientSession, shop: Services, body: Any, detail: str
) -> None:
    status, problem = await _order(session, shop, body)
    assert status == 400
    assert detail in problem["detail"]


async def test_knobs_are_turned_while_running(session: ClientSession, shop: Services) -> None:
    shown = await shop.turn(session, "order", {"latency_ms": 250})
    assert shown["knobs"]["latency_ms"] == 250
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _page(session, shop, 7)
    assert loop.time() - began >= 0.25
    problem = await shop.turn(session, "order", {"speed": 1})
    assert problem["status"] == 400
    assert "unknown field `speed`" in problem["detail"]


async def test_trace_deadline_and_priority_go_all_the_way(
    session: ClientSession, tmp_path: Path
) -> None:
    seen: list[dict[str, str]] = []

    async def inventory(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response({"price_cents": 1, "reservation": {}}, status=201)

    app = web.Application()
    app.router.add_put("/reservations/{key}", inventory)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    carried = {
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "x-request-deadline": "1767225600250",
        "x-request-priority": "high",
    }
    with services(tmp_path, inventory=f"http://{host}:{port}") as shop:
        fields = {name.replace("-", "_"): value for name, value in carried.items()}
        status, _ = await _order(session, shop, {"product": 7}, cookie="secret", **fields)
    await runner.cleanup()
    assert status == 201
    [headers] = seen
    assert carried.items() <= headers.items()
    assert "cookie" not in headers


async def test_told_to_stop_it_finishes_what_runs(session: ClientSession, shop: Services) -> None:
    await shop.turn(session, "storefront", {"latency_ms": 600})
    running = asyncio.get_running_loop().create_task(_page(session, shop, 7))
    await asyncio.sleep(0.3)
    process = shop.process("storefront")
    process.send_signal(signal.SIGTERM)
    status, _ = await running
    assert status == 200
    assert await asyncio.to_thread(process.wait) == 0


async def test_everything_is_there_after_a_restart(session: ClientSession, tmp_path: Path) -> None:
    with services(tmp_path) as shop:
        await _order(session, shop, {"product": 7})
    with services(tmp_path) as shop:
        ordered, reserved = await _ledgers(session, shop)
    assert (ordered["orders"], reserved["reservations"]) == (1, 1)


def test_a_port_that_is_none_is_said(tmp_path: Path) -> None:
    module = "demo_services.shop.inventory"
    process = Process(
        "inventory",
        [sys.executable, "-m", module],
        tmp_path / "inventory.log",
        environment={"PORT": "http"},
    )
    with process:
        assert process.wait() == 2
    assert process.log == "inventory: PORT must be a port, 0 to 65535, not 'http'\n"


async def test_probes_say_how_it_is(session: ClientSession, shop: Services) -> None:
    for name in ("storefront", "order", "inventory", "warehouse"):
        for probe in ("healthz", "readyz"):
            async with session.get(f"{shop.url(name)}/{probe}") as got:
                assert got.status == 200
        assert (await shop.turn(session, name, {}))["served"] == {}
