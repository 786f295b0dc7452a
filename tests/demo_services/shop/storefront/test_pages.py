from __future__ import annotations

import pytest

from demo_services.shop.service.problems import NotFound, Unavailable
from demo_services.shop.storefront.pages import Pages
from tests.demo_services.shop.asked import AskedPeer, answer, problem

CATALOGUE = "GET /products"
STOCK = "GET /products/7/stock"
SOLD = "GET /products/7/sold"
ENTRY = {"id": 7, "name": "oak lamp", "price_cents": 900, "available": 3}


def _inventory() -> AskedPeer:
    return AskedPeer({CATALOGUE: answer([ENTRY]), STOCK: answer({"available": 3})})


def _orders() -> AskedPeer:
    return AskedPeer({SOLD: answer({"pieces": 12})})


async def test_a_page_is_put_together_from_both() -> None:
    page = await Pages(_inventory(), _orders()).page(7)
    assert (page.product.name, page.available, page.sold) == ("oak lamp", 3, 12)
    assert page.degraded == ()


async def test_the_catalogue_is_not_asked_for_every_page() -> None:
    inventory = _inventory()
    pages = Pages(inventory, _orders())
    for _ in range(3):
        await pages.page(7)
    assert inventory.asked.count(CATALOGUE) == 1


async def test_what_is_not_in_the_catalogue_has_no_page() -> None:
    with pytest.raises(NotFound, match="no product 8"):
        await Pages(_inventory(), _orders()).page(8)


async def test_a_page_can_do_without_the_number_sold() -> None:
    page = await Pages(_inventory(), AskedPeer({})).page(7)
    assert (page.available, page.sold, page.degraded) == (3, None, ("sold",))


async def test_an_answer_in_place_of_the_inventory_is_shown_as_unknown() -> None:
    inventory = _inventory()
    inventory.answers[STOCK] = answer({"notice": "not known"}, x_degraded="stock")
    page = await Pages(inventory, _orders()).page(7)
    assert (page.available, page.sold, page.degraded) == (None, 12, ("stock",))


@pytest.mark.parametrize("said", [None, problem(503, "open"), answer([])])
async def test_without_any_answer_there_is_no_page(said: None) -> None:
    inventory = _inventory()
    inventory.answers[STOCK] = said
    with pytest.raises(Unavailable, match="the inventory does not answer"):
        await Pages(inventory, _orders()).page(7)


async def test_a_catalogue_once_known_outlives_the_inventory() -> None:
    inventory = _inventory()
    pages = Pages(inventory, _orders())
    await pages.catalogue()
    pages._stale_at = 0.0
    inventory.answers[CATALOGUE] = None
    assert list(await pages.catalogue()) == [7]
    with pytest.raises(Unavailable, match="catalogue cannot be read"):
        await Pages(inventory, _orders()).catalogue()
