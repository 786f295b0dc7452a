"""Product pages: what the catalogue says, what is left, and how many were sold."""

from __future__ import annotations

import asyncio
import time
from typing import Final, TypeVar

import msgspec

from demo_services.shop.service.peers import Answer, Peer, PeerFailed
from demo_services.shop.service.problems import NotFound, Unavailable

_CATALOGUE_SECONDS: Final = 30.0


class Entry(msgspec.Struct, frozen=True):
    """A product in the catalogue."""

    id: int
    name: str
    price_cents: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A product page; what could not be found out is None, and named in ``degraded``."""

    product: Entry
    available: int | None
    sold: int | None
    degraded: tuple[str, ...]


class _Left(msgspec.Struct):
    #: Not there when somebody else answered for the inventory.
    available: int | None = None


class _Sold(msgspec.Struct):
    pieces: int | None


_Form = TypeVar("_Form")


class Pages:
    """Puts pages together from the inventory and the orders, asking both at the same time."""

    def __init__(self, inventory: Peer, orders: Peer) -> None:
        self._inventory = inventory
        self._orders = orders
        self._catalogue: dict[int, Entry] = {}
        self._stale_at = 0.0

    async def catalogue(self) -> dict[int, Entry]:
        """All products by number, as they were at most half a minute ago.

        Once known, the catalogue outlives an inventory that does not answer. Raises Unavailable.
        """
        if time.monotonic() < self._stale_at:
            return self._catalogue
        if self._catalogue:
            # One asks for the new one; all others go on with what is known.
            self._stale_at = time.monotonic() + _CATALOGUE_SECONDS
        try:
            answer = await self._inventory.ask("GET", "/products")
            entries = _read(answer, list[Entry])
        except PeerFailed as error:
            if not self._catalogue:
                raise Unavailable(f"the catalogue cannot be read: {error}") from error
        else:
            self._catalogue = {entry.id: entry for entry in entries}
        self._stale_at = time.monotonic() + _CATALOGUE_SECONDS
        return self._catalogue

    async def page(self, number: int) -> Page:
        """The page of one product.

        Without the stock there is no page, unless somebody answered for the inventory; without
        the number sold there is one. Raises NotFound, Unavailable.
        """
        entry = (await self.catalogue()).get(number)
        if entry is None:
            raise NotFound(f"there is no product {number}")
        available, sold = await asyncio.gather(self._available(number), self._sold(number))
        parts = {"stock": available, "sold": sold}
        return Page(
            product=entry,
            available=available,
            sold=sold,
            degraded=tuple(name for name, value in parts.items() if value is None),
        )

    async def _available(self, number: int) -> int | None:
        try:
            answer = await self._inventory.ask("GET", f"/products/{number}/stock")
            return _read(answer, _Left).available
        except PeerFailed as error:
            raise Unavailable(f"the inventory does not answer: {error}") from error

    async def _sold(self, number: int) -> int | None:
        try:
            answer = await self._orders.ask("GET", f"/products/{number}/sold")
            return _read(answer, _Sold).pieces
        except PeerFailed:
            return None


def _read(answer: Answer, form: type[_Form]) -> _Form:
    if not answer.good:
        raise PeerFailed(answer.detail)
    try:
        return msgspec.json.decode(answer.body, type=form)
    except msgspec.MsgspecError as error:
        raise PeerFailed(f"not what was expected: {error}") from error
