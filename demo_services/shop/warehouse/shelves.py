"""The shelves: every product has one, and it never moves."""

from __future__ import annotations

from typing import Final

from demo_services.shop.inventory.stock import PRODUCTS
from demo_services.shop.service.problems import NotFound

_AISLES: Final = "ABCDE"


def shelf_of(product: int) -> str:
    """Aisle and place, such as ``B3``. Raises NotFound."""
    if not 1 <= product <= PRODUCTS:
        raise NotFound(f"product {product} is on no shelf")
    place, aisle = divmod(product - 1, len(_AISLES))
    return f"{_AISLES[aisle]}{place + 1}"
