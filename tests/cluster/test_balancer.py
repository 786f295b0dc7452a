"""Which endpoint is next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cluster.balancer import BALANCERS, Balancer, LeastRequest


@dataclass
class One:
    name: str
    in_flight: int = 0


@given(st.integers(1, 8), st.integers(1, 5))
def test_round_robin_takes_each_in_turn(size: int, rounds: int) -> None:
    endpoints = [One(str(number)) for number in range(size)]
    balancer = Balancer()
    chosen = [balancer.choose(endpoints) for _ in range(size * rounds)]
    assert chosen == endpoints * rounds


def test_a_smaller_choice_goes_on_from_where_it_was() -> None:
    a, b, c = One("a"), One("b"), One("c")
    balancer = Balancer()
    assert [balancer.choose([a, b, c]).name for _ in range(3)] == ["a", "b", "c"]
    assert [balancer.choose([a, b]).name for _ in range(4)] == ["b", "a", "b", "a"]
    assert balancer.choose([c]) is c


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 9))
def test_least_request_takes_one_of_the_least_loaded(loads: list[int], before: int) -> None:
    endpoints = [One(str(number), load) for number, load in enumerate(loads)]
    balancer = LeastRequest()
    for _ in range(before):
        balancer.choose(endpoints)
    assert balancer.choose(endpoints).in_flight == min(loads)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_among_equals_least_request_takes_each_in_turn(size: int) -> None:
    endpoints = [One(str(number)) for number in range(size)]
    balancer = LeastRequest()
    chosen = Counter(balancer.choose(endpoints).name for _ in range(10 * size))
    assert set(chosen.values()) == {10}


def test_among_equals_beside_a_busy_one_none_gets_much_more() -> None:
    endpoints = [One("a"), One("b", in_flight=9), One("c"), One("d")]
    balancer = LeastRequest()
    chosen = Counter(balancer.choose(endpoints).name for _ in range(300))
    assert chosen["b"] == 0
    assert max(chosen.values()) <= 2 * min(chosen["a"], chosen["c"], chosen["d"])


def test_requests_that_stay_are_spread_evenly() -> None:
    endpoints = [One(str(number)) for number in range(4)]
    balancer = LeastRequest()
    for _ in range(40):
        balancer.choose(endpoints).in_flight += 1
    assert [one.in_flight for one in endpoints] == [10, 10, 10, 10]


def test_balancers_go_by_their_names_in_the_rule_file() -> None:
    assert {"round_robin": Balancer, "least_request": LeastRequest} == BALANCERS
