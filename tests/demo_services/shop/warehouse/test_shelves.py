from __future__ import annotations

import pytest

from demo_services.shop.inventory.stock import PRODUCTS
from demo_services.shop.service.problems import NotFound
from demo_services.shop.warehouse.shelves import shelf_of


def test_each_product_has_a_shelf_of_its_own() -> None:
    shelves = [shelf_of(number) for number in range(1, PRODUCTS + 1)]
    assert len(set(shelves)) == PRODUCTS
    assert (shelves[0], shelves[6], shelves[-1]) == ("A1", "B2", "E10")


@pytest.mark.parametrize("number", [0, PRODUCTS + 1])
def test_what_is_not_for_sale_is_on_none(number: int) -> None:
    with pytest.raises(NotFound, match=f"product {number} is on no shelf"):
        shelf_of(number)
