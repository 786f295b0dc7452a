"""Places orders: reserves at the inventory, and undoes what may have been reserved in vain."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from demo_services.shop.order.orders import Order, Orders
from demo_services.shop.service.input import IDEMPOTENCY_KEY
from demo_services.shop.service.peers import Answer, Peer, PeerFailed
from demo_services.shop.service.problems import Conflict, NotFound, Unavailable

_AT_A_TIME: Final = 20


class _Reserved(msgspec.Struct):
    price_cents: int


class Placing:
    """Between the orders and the inventory."""

    def __init__(self, orders: Orders, inventory: Peer) -> None:
        self._orders = orders
        self._inventory = inventory

    async def place(self, order: Order) -> Order:
        """Reserve what the order wants, and confirm it.

        Raises Conflict when it is sold out, NotFound when there is no such product, Unavailable
        when the inventory does not answer: then it is undone later, unless it is sent again.
        """
        try:
            answer = await self._reserve(order)
            price = _price(answer)
        except PeerFailed as error:
            self._orders.fail(order)
            raise Unavailable("the inventory does not answer; send the order again") from error
        except (Conflict, NotFound):
            self._orders.reject(order)
            raise
        except BaseException:
            self._orders.fail(order)
            raise
        return self._orders.confirm(order, price * order.quantity)

    async def undo_failed(self) -> None:
        """Release what failed orders may have reserved. Raises PeerFailed."""
        for _ in range(_AT_A_TIME):
            if (order := self._orders.take_failed()) is None:
                return
            try:
                await self._release(order)
            except BaseException:
                self._orders.fail(order)
                raise
            self._orders.cancel(order)

    async def _reserve(self, order: Order) -> Answer:
        return await self._inventory.ask(
            "PUT",
            f"/reservations/{order.reservation}",
            body=msgspec.json.encode({"product": order.product, "quantity": order.quantity}),
            headers={IDEMPOTENCY_KEY: order.reservation},
        )

    async def _release(self, order: Order) -> None:
        answer = await self._inventory.ask("DELETE", f"/reservations/{order.reservation}")
        if not answer.good or answer.degraded:
            raise PeerFailed(answer.detail)


def _price(answer: Answer) -> int:
    """The price of one piece. Raises Conflict, NotFound, PeerFailed."""
    if answer.status == HTTPStatus.CONFLICT:
        raise Conflict(answer.detail)
    if answer.status == HTTPStatus.NOT_FOUND:
        raise NotFound(answer.detail)
    if not answer.good or answer.degraded:
        raise PeerFailed(answer.detail)
    try:
        return msgspec.json.decode(answer.body, type=_Reserved).price_cents
    except msgspec.MsgspecError as error:
        raise PeerFailed(f"not what was expected: {error}") from error
