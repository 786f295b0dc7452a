from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.shop.order.orders import Order, Orders, State
from demo_services.shop.service.problems import Conflict, NotFound, Unavailable


@pytest.fixture
def orders() -> Iterator[Orders]:
    made = Orders(None)
    yield made
    made.close()


def _begun(orders: Orders, key: str | None = "k", customer: str = "ann") -> Order:
    order, work = orders.begin(customer, key, 7, 2)
    assert work
    return order


def test_an_order_is_written_down_before_anything_is_reserved(orders: Orders) -> None:
    assert _begun(orders) == Order(1, "ann", 7, 2, 0, State.PENDING, 1)
    assert orders.ledger() == {"orders": 0, "pieces": 0, "unsettled": 1}


def test_confirmed_it_is_sold(orders: Orders) -> None:
    done = orders.confirm(_begun(orders), 5300)
    assert (done.state, done.total_cents) == (State.CONFIRMED, 5300)
    orders.confirm(_begun(orders, None), 5300)
    assert orders.sold(7) == 4
    assert orders.sold(8) == 0
    assert orders.ledger() == {"orders": 2, "pieces": 4, "unsettled": 0}


@pytest.mark.parametrize("end", [State.CONFIRMED, State.REJECTED])
def test_a_settled_order_that_is_sent_again_is_no_work(orders: Orders, end: State) -> None:
    order = _begun(orders)
    settled = orders.confirm(order, 1) if end is State.CONFIRMED else orders.reject(order)
    assert orders.begin("ann", "k", 7, 2) == (settled, False)


def test_keys_are_each_customers_own_and_no_key_is_a_new_order(orders: Orders) -> None:
    numbers = {
        _begun(orders, "k", "ann").id,
        _begun(orders, "k", "bob").id,
        _begun(orders, None, "ann").id,
        _begun(orders, None, "ann").id,
    }
    assert len(numbers) == 4


def test_a_key_stands_for_one_order(orders: Orders) -> None:
    _begun(orders)
    for product, quantity in ((7, 3), (8, 2)):
        with pytest.raises(Conflict, match="used for another order"):
            orders.begin("ann", "k", product, quantity)


def test_two_at_once_are_one(orders: Orders) -> None:
    _begun(orders)
    with pytest.raises(Conflict, match="is being worked on"):
        orders.begin("ann", "k", 7, 2)


def test_a_failed_order_that_is_sent_again_keeps_its_reservation(orders: Orders) -> None:
    first = orders.fail(_begun(orders))
    second = _begun(orders)
    assert second.reservation == first.reservation == "order-1-1"


def test_a_failed_order_is_undone_once(orders: Orders) -> None:
    orders.fail(_begun(orders))
    taken = orders.take_failed()
    assert taken is not None
    assert taken.state is State.UNDOING
    assert orders.take_failed() is None
    with pytest.raises(Unavailable, match="is being undone"):
        orders.begin("ann", "k", 7, 2)
    orders.cancel(taken)
    assert orders.ledger()["unsettled"] == 0


def test_after_that_it_is_tried_with_a_new_reservation(orders: Orders) -> None:
    orders.cancel(orders.fail(_begun(orders)))
    assert _begun(orders).reservation == "order-1-2"


def test_a_customer_sees_their_own_orders_the_newest_first(orders: Orders) -> None:
    numbers = [_begun(orders, None).id for _ in range(5)]
    other = _begun(orders, None, "bob").id
    page = orders.page("ann", before=numbers[4], at_most=2)
    assert [order.id for order in page] == [numbers[3], numbers[2]]
    assert orders.of("ann", numbers[0]).id == numbers[0]
    with pytest.raises(NotFound, match="you have no order"):
        orders.of("ann", other)


def test_what_a_crash_left_in_the_middle_is_undone(tmp_path: Path) -> None:
    first = Orders(tmp_path / "order.sqlite")
    _begun(first)
    first.fail(_begun(first, None))
    assert first.take_failed() is not None
    first.close()
    second = Orders(tmp_path / "order.sqlite")
    assert second.ledger()["unsettled"] == 2
    assert [second.take_failed() is not None for _ in range(3)] == [True, True, False]
    second.close()
