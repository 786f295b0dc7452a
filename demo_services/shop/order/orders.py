"""Orders and their states, in SQLite."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from demo_services.shop.service.database import Migration, open_database, transaction
from demo_services.shop.service.problems import Conflict, NotFound, Unavailable

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """
        CREATE TABLE purchase (
            id INTEGER PRIMARY KEY,
            customer TEXT NOT NULL,
            key TEXT,
            product INTEGER NOT NULL,
            quantity INTEGER NOT NULL CHECK (quantity > 0),
            total_cents INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 1,
            UNIQUE (customer, key)
        )
        """,
        "CREATE INDEX purchases_of_customer ON purchase (customer, id)",
    ),
    (
        "CREATE TABLE sold (product INTEGER PRIMARY KEY, pieces INTEGER NOT NULL)",
        "CREATE INDEX unsettled ON purchase (id) WHERE state IN ('pending', 'failed', 'undoing')",
    ),
)
_COLUMNS: Final = "id, customer, product, quantity, total_cents, state, attempt"


class State(StrEnum):
    """Where an order is on its way."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    #: The inventory said no: sold out, or no such product.
    REJECTED = "rejected"
    #: The inventory did not answer; whether it reserved anything is not known.
    FAILED = "failed"
    #: Whatever it reserved is being released.
    UNDOING = "undoing"
    #: Nothing is reserved.
    CANCELLED = "cancelled"


class Order(msgspec.Struct, frozen=True):
    """What somebody wants, or has got."""

    id: int
    customer: str
    product: int
    quantity: int
    total_cents: int
    state: State
    attempt: int

    @property
    def reservation(self) -> str:
        """The key of its reservation at the inventory; a new attempt has a new one."""
        return f"order-{self.id}-{self.attempt}"


class Orders:
    """All orders.

    Every call is a few statements on indexes, some tens of microseconds: less than handing them
    to a thread would cost, so they are made on the event loop.
    """

    def __init__(self, path: Path | None) -> None:
        self._database = open_database(path, _MIGRATIONS)
        # What an earlier process was in the middle of will not be finished by anybody.
        self._database.execute(
            "UPDATE purchase SET state = 'failed' WHERE state IN ('pending', 'undoing')"
        )

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def begin(
        self, customer: str, key: str | None, product: int, quantity: int
    ) -> tuple[Order, bool]:
        """Write down that somebody wants this; the order, and whether there is work to do.

        The same customer's same key again is the same order: it is tried again when the
        inventory had not answered. Raises Conflict when the key was used for something else or
        is being worked on, Unavailable when the order is just being undone.
        """
        with transaction(self._database):
            known = self._by_key(customer, key)
            if known is not None:
                if (known.product, known.quantity) != (product, quantity):
                    raise Conflict(f"the key {key!r} was used for another order")
                return self._again(known)
            written = self._database.execute(
                "INSERT INTO purchase (customer, key, product, quantity, state) "
                "VALUES (?, ?, ?, ?, 'pending')",
                (customer, key, product, quantity),
            )
            return self._order(written.lastrowid or 0), True

    def confirm(self, order: Order, total_cents: int) -> Order:
        """The inventory has reserved it."""
        with transaction(self._database):
            self._database.execute(
                "INSERT INTO sold VALUES (?1, ?2) "
                "ON CONFLICT (product) DO UPDATE SET pieces = pieces + ?2",
                (order.product, order.quantity),
            )
            self._database.execute(
                "UPDATE purchase SET total_cents = ? WHERE id = ?", (total_cents, order.id)
            )
            return self._move(order, State.CONFIRMED)

    def reject(self, order: Order) -> Order:
        """The inventory has said no."""
        return self._move(order, State.REJECTED)

    def fail(self, order: Order) -> Order:
        """The inventory has not answered."""
        return self._move(order, State.FAILED)

    def take_failed(self) -> Order | None:
        """An order whose reservation is to be released, ``undoing`` from now on."""
        for order in self._rows("state = 'failed' ORDER BY id LIMIT 1"):
            return self._move(order, State.UNDOING)
        return None

    def cancel(self, order: Order) -> Order:
        """Nothing is reserved for it any more."""
        return self._move(order, State.CANCELLED)

    def of(self, customer: str, number: int) -> Order:
        """One order of this customer. Raises NotFound, also for those of others."""
        for order in self._rows("id = ? AND customer = ?", number, customer):
            return order
        raise NotFound(f"you have no order {number}")

    def page(self, customer: str, *, before: int, at_most: int) -> list[Order]:
        """A customer's orders with smaller numbers than ``before``, the newest first."""
        return self._rows(
            "customer = ? AND id < ? ORDER BY id DESC LIMIT ?", customer, before, at_most
        )

    def sold(self, product: int) -> int:
        """How many pieces of a product have been sold."""
        row = self._database.execute(
            "SELECT pieces FROM sold WHERE product = ?", (product,)
        ).fetchone()
        return int(row[0]) if row else 0

    def ledger(self) -> dict[str, int]:
        """Confirmed orders, pieces in them, and orders that are not settled yet."""
        orders, pieces = self._database.execute(
            "SELECT count(*), coalesce(sum(quantity), 0) FROM purchase WHERE state = 'confirmed'"
        ).fetchone()
        [unsettled] = self._database.execute(
            "SELECT count(*) FROM purchase WHERE state IN ('pending', 'failed', 'undoing')"
        ).fetchone()
        return {"orders": orders, "pieces": pieces, "unsettled": unsettled}

    def _again(self, known: Order) -> tuple[Order, bool]:
        match known.state:
            case State.CONFIRMED | State.REJECTED:
                return known, False
            case State.PENDING:
                raise Conflict(f"order {known.id} is being worked on")
            case State.UNDOING:
                raise Unavailable(f"order {known.id} is being undone")
            case State.FAILED:
                return self._move(known, State.PENDING), True
            case State.CANCELLED:
                self._database.execute(
                    "UPDATE purchase SET attempt = attempt + 1 WHERE id = ?", (known.id,)
                )
                return self._move(known, State.PENDING), True

    def _move(self, order: Order, state: State) -> Order:
        self._database.execute("UPDATE purchase SET state = ? WHERE id = ?", (state, order.id))
        return self._order(order.id)

    def _by_key(self, customer: str, key: str | None) -> Order | None:
        # NULL equals nothing in SQL: an order without a key is always a new one.
        return next(iter(self._rows("customer = ? AND key = ?", customer, key)), None)

    def _order(self, number: int) -> Order:
        [order] = self._rows("id = ?", number)
        return order

    def _rows(self, condition: str, *values: Any) -> list[Order]:
        query = f"SELECT {_COLUMNS} FROM purchase WHERE {condition}"  # noqa: S608 - ours, all of it
        return [
            msgspec.convert(dict(zip(Order.__struct_fields__, row, strict=True)), Order)
            for row in self._database.execute(query, values)
        ]
