"""The demo's service over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from demo_services.hello.catalogue import PRODUCTS, Catalogue
from demo_services.hello.knobs import Knobs, Store
from demo_services.hello.shop import SERVED, control, shop

Client = TestClient[Request, Application]


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[tuple[Client, Client]]:
    """One for customers, one for the operator."""
    catalogue = Catalogue(tmp_path / "shop.sqlite")
    store = Store(Knobs(latency_ms=0))
    customers = shop(catalogue, store)
    operators = control(customers[SERVED], store)
    async with TestClient(TestServer(customers)) as one, TestClient(TestServer(operators)) as two:
        yield one, two
    catalogue.close()


@pytest.fixture
def customer(clients: tuple[Client, Client]) -> Client:
    return clients[0]


@pytest.fixture
def operator(clients: tuple[Client, Client]) -> Client:
    return clients[1]


async def test_the_home_page_counts_what_there_is(customer: Client) -> None:
    assert await (await customer.get("/")).json() == {
        "shop": "hello",
        "products": PRODUCTS,
        "orders": 0,
    }


async def test_a_product_can_be_looked_at_and_ordered(customer: Client) -> None:
    product = await (await customer.get("/products/7")).json()
    answer = await customer.post("/orders", json={"product": 7, "quantity": 2})
    order = await answer.json()
    assert answer.status == 201
    assert order["total_cents"] == 2 * product["price_cents"]
    left = await (await customer.get("/products/7")).json()
    assert left["stock"] == product["stock"] - 2


@pytest.mark.parametrize("number", ["0", "51", "-1", "x", "1.5", "9" * 40, "%D9%A1"])
async def test_a_product_that_is_not_there_is_a_404(customer: Client, number: str) -> None:
    answer = await customer.get(f"/products/{number}")
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["status"] == 404


@pytest.mark.parametrize(
    "body,status,detail",
    [
        ("", 400, "truncated"),
        ("[]", 400, "Expected `object`"),
        ("{}", 400, "missing required field `product`"),
        ('{"product": "7"}', 400, "$.product"),
        ('{"product": 7, "quantity": 0}', 400, "$.quantity"),
        ('{"product": 7, "quantity": 101}', 400, "$.quantity"),
        ('{"product": 7, "price": 1}', 400, "unknown field `price`"),
        ('{"product": 51}', 404, "no product 51"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_with_its_reason(
    customer: Client, body: str, status: int, detail: str
) -> None:
    answer = await customer.post("/orders", data=body)
    assert answer.status == status
    assert detail in (await answer.json())["detail"]
    assert (await (await customer.get("/")).json())["orders"] == 0


async def test_unknown_paths_and_methods_are_problems_too(customer: Client) -> None:
    assert (await customer.get("/nowhere")).status == 404
    answer = await customer.delete("/orders")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.content_type == "application/problem+json"


async def test_errors_can_be_switched_on_and_off(customer: Client, operator: Client) -> None:
    await operator.patch("/", json={"error_ratio": 1})
    assert (await customer.get("/products/1")).status == 500
    assert (await customer.get("/healthz")).status == 200
    await operator.patch("/", json={"error_ratio": 0})
    assert (await customer.get("/products/1")).status == 200


async def test_a_turned_knob_leaves_the_others(operator: Client) -> None:
    await operator.patch("/", json={"calls_at_once": 7})
    shown = await (await operator.patch("/", json={"latency_ms": 5})).json()
    assert shown["knobs"] == {"latency_ms": 5.0, "calls_at_once": 7, "error_ratio": 0.0}


@pytest.mark.parametrize("change", [{"latency_ms": -1}, {"speed": 1}, [], "x"])
async def test_a_knob_that_cannot_be_turned_so_stays(operator: Client, change: Any) -> None:
    before = await (await operator.get("/")).json()
    assert (await operator.patch("/", json=change)).status == 400
    assert await (await operator.get("/")).json() == before


async def test_the_store_is_as_slow_as_its_knobs_say(customer: Client, operator: Client) -> None:
    await operator.patch("/", json={"latency_ms": 40, "calls_at_once": 2})
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(customer.get("/products/1") for _ in range(6)))
    assert loop.time() - began >= 3 * 0.040 * 0.9


async def test_answers_to_customers_are_counted_and_probes_are_not(
    customer: Client, operator: Client
) -> None:
    for path in ("/", "/products/1", "/products/99", "/healthz"):
        await customer.get(path)
    assert (await (await operator.get("/")).json())["served"] == {"200": 2, "404": 1}
