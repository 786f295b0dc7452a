"""Products and what is left of them; nothing is ever promised twice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from demo_services.shop.service.database import Migration, open_database, transaction
from demo_services.shop.service.problems import Conflict, NotFound

PRODUCTS: Final = 50

_MATERIALS: Final = ("oak", "linen", "brass", "clay", "wool")
_THINGS: Final = ("lamp", "bowl", "chair", "blanket", "mirror", "kettle", "shelf", "rug", "clock",
                  "vase")  # fmt: skip
_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """
        CREATE TABLE product (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            price_cents INTEGER NOT NULL CHECK (price_cents > 0),
            available INTEGER NOT NULL CHECK (available >= 0)
        )
        """,
    ),
    (
        """
        CREATE TABLE reservation (
            key TEXT PRIMARY KEY,
            product INTEGER REFERENCES product (id),
            quantity INTEGER NOT NULL,
            released INTEGER NOT NULL CHECK (released IN (0, 1)),
            CHECK (released OR product IS NOT NULL AND quantity > 0)
        ) WITHOUT ROWID
        """,
    ),
)


class Product(msgspec.Struct, frozen=True):
    """What is for sale."""

    id: int
    name: str
    price_cents: int
    available: int


class Reservation(msgspec.Struct, frozen=True):
    """So much of a product, kept for whoever holds the key."""

    key: str
    #: None when it was released before it was ever made.
    product: int | None
    quantity: int
    released: bool = False


class Stock:
    """Products 1 to ``PRODUCTS``.

    Every call is a few statements by primary key, some tens of microseconds: less than handing
    them to a thread would cost, so they are made on the event loop.
    """

    def __init__(self, path: Path | None, of_each: int) -> None:
        self._database = open_database(path, _MIGRATIONS)
        self._fill(of_each)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def products(self) -> list[Product]:
        """All products."""
        return [Product(*row) for row in self._database.execute("SELECT * FROM product")]

    def product(self, number: int) -> Product:
        """The product of that number. Raises NotFound."""
        row = self._database.execute("SELECT * FROM product WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"there is no product {number}")
        return Product(*row)

    def reserve(self, key: str, product: int, quantity: int) -> tuple[Reservation, bool]:
        """Keep so much for the key; the reservation, and whether it is new.

        The same key again gets the same reservation. Raises NotFound, and Conflict when fewer
        are left, or when the key stands for something else or was released.
        """
        wanted = Reservation(key, product, quantity)
        with transaction(self._database):
            if (known := self._reservation(key)) is not None:
                if known != wanted:
                    raise Conflict(f"the key {key!r} was released, or used for something else")
                return known, False
            self.product(product)
            self._take(product, quantity)
            self._write(wanted)
        return wanted, True

    def release(self, key: str) -> Reservation:
        """Put back what is kept for the key; a second time changes nothing.

        A key that is not known is released as well: if its reservation is still on its way, it
        comes too late.
        """
        with transaction(self._database):
            known = self._reservation(key) or Reservation(key, None, 0)
            if not known.released:
                self._database.execute(
                    "UPDATE product SET available = available + ? WHERE id = ?",
                    (known.quantity, known.product),
                )
                known = msgspec.structs.replace(known, released=True)
                self._write(known)
        return known

    def ledger(self) -> dict[str, int]:
        """Reservations that hold, and pieces in them."""
        count, pieces = self._database.execute(
            "SELECT count(*), coalesce(sum(quantity), 0) FROM reservation WHERE NOT released"
        ).fetchone()
        return {"reservations": count, "pieces": pieces}

    def _take(self, product: int, quantity: int) -> None:
        taken = self._database.execute(
            "UPDATE product SET available = available - ?1 WHERE id = ?2 AND available >= ?1",
            (quantity, product),
        )
        if taken.rowcount == 0:
            raise Conflict(f"fewer than {quantity} of product {product} are left")

    def _write(self, reservation: Reservation) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO reservation VALUES (?, ?, ?, ?)",
            msgspec.structs.astuple(reservation),
        )

    def _reservation(self, key: str) -> Reservation | None:
        row: tuple[str, int | None, int, int] | None = self._database.execute(
            "SELECT * FROM reservation WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        return Reservation(*row[:3], released=bool(row[3]))

    def _fill(self, of_each: int) -> None:
        names = [f"{material} {thing}" for thing in _THINGS for material in _MATERIALS]
        with transaction(self._database):
            self._database.executemany(
                "INSERT OR IGNORE INTO product VALUES (?, ?, ?, ?)",
                [(number, name, 900 + 250 * number, of_each) for number, name in
                 enumerate(names[:PRODUCTS], 1)],
            )  # fmt: skip
