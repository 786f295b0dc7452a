from __future__ import annotations

import pytest

from demo_services.shop.inventory.picking import shelf_of
from demo_services.shop.service.peers import Answer
from tests.demo_services.shop.asked import AskedPeer, answer, problem

SHELF = "GET /products/7/shelf"


@pytest.mark.parametrize(
    "said,shelf",
    [
        (answer({"shelf": "B2"}), "B2"),
        (None, None),
        (problem(500, "broken"), None),
        (problem(404, "on no shelf"), None),
        (answer({"notice": "not known"}, 200, x_degraded="shelf-unknown"), None),
        (Answer(200, {}, b"<html>"), None),
        (answer({"shelf": 7}), None),
    ],
)
async def test_the_shelf_is_what_the_warehouse_says_or_unknown(
    said: Answer | None, shelf: str | None
) -> None:
    warehouse = AskedPeer({SHELF: said})
    assert await shelf_of(warehouse, 7) == shelf
    assert warehouse.asked == [SHELF]
