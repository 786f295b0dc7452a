from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.hello.catalogue import PRODUCTS, Catalogue, SoldOut, UnknownProduct


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(tmp_path / "shop.sqlite")
    yield opened
    opened.close()


def test_every_product_has_a_name_of_its_own_and_a_price(catalogue: Catalogue) -> None:
    products = [catalogue.product(number) for number in range(1, PRODUCTS + 1)]
    assert len({product.name for product in products}) == PRODUCTS
    assert all(product.price_cents > 0 and product.stock > 0 for product in products)
    assert catalogue.summary() == {"products": PRODUCTS, "orders": 0}


@pytest.mark.parametrize("number", [0, -1, PRODUCTS + 1])
def test_other_products_are_unknown(catalogue: Catalogue, number: int) -> None:
    with pytest.raises(UnknownProduct):
        catalogue.product(number)
    with pytest.raises(UnknownProduct):
        catalogue.order(number, 1)


def test_an_order_takes_from_stock_and_is_written_down(catalogue: Catalogue) -> None:
    before = catalogue.product(7)
    first, second = catalogue.order(7, 3), catalogue.order(7, 1)
    assert (first.product, first.quantity, first.total_cents) == (7, 3, 3 * before.price_cents)
    assert second.id == first.id + 1
    assert catalogue.product(7).stock == before.stock - 4
    assert catalogue.summary()["orders"] == 2


def test_what_is_sold_out_leaves_no_trace(catalogue: Catalogue) -> None:
    stock = catalogue.product(1).stock
    with pytest.raises(SoldOut):
        catalogue.order(1, stock + 1)
    assert catalogue.product(1).stock == stock
    assert catalogue.summary()["orders"] == 0
    catalogue.order(1, stock)
    assert catalogue.product(1).stock == 0
    with pytest.raises(SoldOut):
        catalogue.order(1, 1)
