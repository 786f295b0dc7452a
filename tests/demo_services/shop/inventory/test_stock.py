from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from demo_services.shop.inventory.stock import PRODUCTS, Reservation, Stock
from demo_services.shop.service.problems import Conflict, NotFound


@pytest.fixture
def stock() -> Iterator[Stock]:
    made = Stock(None, 5)
    yield made
    made.close()


def test_a_reservation_takes_from_the_stock(stock: Stock) -> None:
    assert stock.reserve("a", 7, 2) == (Reservation("a", 7, 2), True)
    assert stock.product(7).available == 3
    assert stock.ledger() == {"reservations": 1, "pieces": 2}


def test_the_same_key_again_takes_nothing_more(stock: Stock) -> None:
    stock.reserve("a", 7, 2)
    assert stock.reserve("a", 7, 2) == (Reservation("a", 7, 2), False)
    assert stock.product(7).available == 3


def test_a_key_stands_for_one_thing(stock: Stock) -> None:
    stock.reserve("a", 7, 2)
    for product, quantity in ((7, 1), (8, 2)):
        with pytest.raises(Conflict, match="used for something else"):
            stock.reserve("a", product, quantity)


def test_what_is_not_there_cannot_be_reserved(stock: Stock) -> None:
    with pytest.raises(Conflict, match="fewer than 6 of product 7 are left"):
        stock.reserve("a", 7, 6)
    with pytest.raises(NotFound, match="no product 51"):
        stock.reserve("a", PRODUCTS + 1, 1)
    assert stock.ledger() == {"reservations": 0, "pieces": 0}


def test_released_once_it_is_back(stock: Stock) -> None:
    stock.reserve("a", 7, 2)
    for _ in range(2):
        assert stock.release("a") == Reservation("a", 7, 2, released=True)
        assert stock.product(7).available == 5
    with pytest.raises(Conflict, match="was released"):
        stock.reserve("a", 7, 2)


def test_released_before_it_came_it_comes_too_late(stock: Stock) -> None:
    assert stock.release("a").released
    with pytest.raises(Conflict, match="was released"):
        stock.reserve("a", 7, 2)
    assert stock.product(7).available == 5


def test_a_restart_finds_everything_as_it_was(tmp_path: Path) -> None:
    first = Stock(tmp_path / "stock.sqlite", 5)
    first.reserve("a", 7, 2)
    first.close()
    second = Stock(tmp_path / "stock.sqlite", 5)
    assert second.product(7).available == 3
    assert second.reserve("a", 7, 2) == (Reservation("a", 7, 2), False)
    assert len(second.products()) == PRODUCTS
    second.close()


class StockModel(RuleBasedStateMachine):
    """Whatever is reserved and released, in whatever order: nothing is promised twice."""

    OF_EACH = 4

    def __init__(self) -> None:
        super().__init__()
        self.stock = Stock(None, self.OF_EACH)
        self.held: dict[str, tuple[int, int]] = {}
        self.released: set[str] = set()

    @rule(key=st.sampled_from("abcdefgh"), product=st.integers(1, 2), quantity=st.integers(1, 3))
    def reserve(self, key: str, product: int, quantity: int) -> None:
        held = sum(pieces for number, pieces in self.held.values() if number == product)
        known = self.held.get(key)
        possible = (
            known == (product, quantity)
            if known is not None
            else key not in self.released and held + quantity <= self.OF_EACH
        )
        try:
            _, new = self.stock.reserve(key, product, quantity)
        except Conflict:
            assert not possible
        else:
            assert possible
            assert new is (known is None)
            self.held[key] = (product, quantity)

    @rule(key=st.sampled_from("abcdefgh"))
    def release(self, key: str) -> None:
        assert self.stock.release(key).released
        self.held.pop(key, None)
        self.released.add(key)

    @invariant()
    def every_piece_is_in_one_place(self) -> None:
        pieces = sum(pieces for _, pieces in self.held.values())
        assert self.stock.ledger() == {"reservations": len(self.held), "pieces": pieces}
        left = sum(self.stock.product(number).available for number in (1, 2))
        assert left + pieces == 2 * self.OF_EACH

    def teardown(self) -> None:
        self.stock.close()


TestStockModel = StockModel.TestCase
