from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo_services.shop.order.orders import Order, Orders, State
from demo_services.shop.order.placing import Placing
from demo_services.shop.service.peers import Answer, PeerFailed
from demo_services.shop.service.problems import Conflict, NotFound, Unavailable
from tests.demo_services.shop.asked import AskedPeer, answer, problem

RESERVE = "PUT /reservations/order-1-1"
RELEASE = "DELETE /reservations/order-1-1"


@pytest.fixture
def orders() -> Iterator[Orders]:
    made = Orders(None)
    yield made
    made.close()


@pytest.fixture
def order(orders: Orders) -> Order:
    begun, _ = orders.begin("ann", "k", 7, 2)
    return begun


async def test_reserved_it_is_confirmed_at_the_price_of_the_moment(
    orders: Orders, order: Order
) -> None:
    inventory = AskedPeer({RESERVE: answer({"price_cents": 900}, 201)})
    done = await Placing(orders, inventory).place(order)
    assert (done.state, done.total_cents) == (State.CONFIRMED, 1800)


@pytest.mark.parametrize("status,error", [(409, Conflict), (404, NotFound)])
async def test_what_the_inventory_says_no_to_is_rejected(
    orders: Orders, order: Order, status: int, error: type[Exception]
) -> None:
    placing = Placing(orders, AskedPeer({RESERVE: problem(status, "sold out")}))
    with pytest.raises(error, match="sold out"):
        await placing.place(order)
    assert orders.of("ann", 1).state is State.REJECTED


@pytest.mark.parametrize(
    "said",
    [
        None,
        problem(500, "broken"),
        problem(503, "breaker open"),
        answer({"price_cents": 900}, 200, x_degraded="stock"),
        answer({"price": 900}),
        Answer(200, {}, b"<html>"),
    ],
)
async def test_whatever_else_leaves_it_to_be_undone(
    orders: Orders, order: Order, said: Answer | None
) -> None:
    inventory = AskedPeer({RESERVE: said})
    placing = Placing(orders, inventory)
    with pytest.raises(Unavailable, match="send the order again"):
        await placing.place(order)
    with pytest.raises(PeerFailed):
        await placing.undo_failed()
    assert orders.of("ann", 1).state is State.FAILED
    inventory.answers[RELEASE] = answer({})
    await placing.undo_failed()
    assert orders.of("ann", 1).state is State.CANCELLED
    assert inventory.asked == [RESERVE, RELEASE, RELEASE]


async def test_with_nothing_to_undo_nobody_is_asked(orders: Orders) -> None:
    inventory = AskedPeer({})
    await Placing(orders, inventory).undo_failed()
    assert inventory.asked == []
