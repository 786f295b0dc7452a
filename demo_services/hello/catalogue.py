"""The shop's products and orders, in SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import msgspec

PRODUCTS: Final = 50
_STOCK: Final = 100_000
_SCHEMA: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE product (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    price_cents INTEGER NOT NULL CHECK (price_cents > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0)
);
CREATE TABLE purchase (
    id INTEGER PRIMARY KEY,
    product INTEGER NOT NULL REFERENCES product (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0)
);
"""
_MATERIALS: Final = ("oak", "linen", "brass", "clay", "wool")
_THINGS: Final = ("lamp", "bowl", "chair", "blanket", "mirror", "kettle", "shelf", "rug", "clock",
                  "vase")  # fmt: skip


class Product(msgspec.Struct, frozen=True):
    """What is for sale."""

    id: int
    name: str
    price_cents: int
    stock: int


class Order(msgspec.Struct, frozen=True):
    """What was bought."""

    id: int
    product: int
    quantity: int
    total_cents: int


class UnknownProduct(Exception):  # noqa: N818 - named after what is wrong
    """There is no product of that number."""


class SoldOut(Exception):  # noqa: N818 - the same
    """Fewer are left than were asked for."""


class Catalogue:
    """Products 1 to ``PRODUCTS``, in a database of its own.

    Every call is one or two statements by primary key, some tens of microseconds: less than
    handing them to a thread would cost, so they are made on the event loop.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_SCHEMA)
        names = [f"{material} {thing}" for thing in _THINGS for material in _MATERIALS]
        self._database.executemany(
            "INSERT INTO product VALUES (?, ?, ?, ?)",
            [(number, name, 900 + 250 * number, _STOCK) for number, name in enumerate(names, 1)],
        )

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def summary(self) -> dict[str, int]:
        """How many products and orders there are."""
        products = self._database.execute("SELECT count(*) FROM product").fetchone()[0]
        orders = self._database.execute("SELECT count(*) FROM purchase").fetchone()[0]
        return {"products": products, "orders": orders}

    def product(self, number: int) -> Product:
        """The product of that number. Raises UnknownProduct."""
        row = self._database.execute("SELECT * FROM product WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise UnknownProduct(f"there is no product {number}")
        return Product(*row)

    def order(self, product: int, quantity: int) -> Order:
        """Take ``quantity`` out of stock and write down the order, both or neither.

        Raises UnknownProduct, SoldOut.
        """
        price = self.product(product).price_cents
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            taken = self._database.execute(
                "UPDATE product SET stock = stock - ?1 WHERE id = ?2 AND stock >= ?1",
                (quantity, product),
            )
            if taken.rowcount == 0:
                raise SoldOut(f"fewer than {quantity} of product {product} are left")
            written = self._database.execute(
                "INSERT INTO purchase (product, quantity) VALUES (?, ?)", (product, quantity)
            )
        return Order(written.lastrowid or 0, product, quantity, price * quantity)
