"""Which endpoint is next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cluster.balancer import Balancer, LeastRequest, RandomChoice, balancer
from sidecar.ruleset.sections import Balance


@dataclass
class One:
    name: str
    in_flight: int = 0


@given(st.integers(1, 8), st.integers(1, 5))
def test_round_robin_takes_each_in_turn(size: int, rounds: int) -> None:
    endpoints = [One(str(number)) for number in range(size)]
    turns = Balancer()
    chosen = [turns.choose(endpoints) for _ in range(size * rounds)]
    assert chosen == endpoints * rounds


def test_a_smaller_choice_goes_on_from_where_it_was() -> None:
    a, b, c = One("a"), One("b"), One("c")
    turns = Balancer()
    assert [turns.choose([a, b, c]).name for _ in range(3)] == ["a", "b", "c"]
    assert [turns.choose([a, b]).name for _ in range(4)] == ["b", "a", "b", "a"]
    assert turns.choose([c]) is c


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 9))
def test_least_request_takes_one_of_the_least_loaded(loads: list[int], before: int) -> None:
    endpoints = [One(str(number), load) for number, load in enumerate(loads)]
    turns = LeastRequest()
    for _ in range(before):
        turns.choose(endpoints)
    assert turns.choose(endpoints).in_flight == min(loads)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_among_equals_least_request_takes_each_in_turn(size: int) -> None:
    endpoints = [One(str(number)) for number in range(size)]
    turns = LeastRequest()
    chosen = Counter(turns.choose(endpoints).name for _ in range(10 * size))
    assert set(chosen.values()) == {10}


def test_among_equals_beside_a_busy_one_none_gets_much_more() -> None:
    endpoints = [One("a"), One("b", in_flight=9), One("c"), One("d")]
    turns = LeastRequest()
    chosen = Counter(turns.choose(endpoints).name for _ in range(300))
    assert chosen["b"] == 0
    assert max(chosen.values()) <= 2 * min(chosen["a"], chosen["c"], chosen["d"])


def test_requests_that_stay_are_spread_evenly() -> None:
    endpoints = [One(str(number)) for number in range(4)]
    turns = LeastRequest()
    for _ in range(40):
        turns.choose(endpoints).in_flight += 1
    assert [one.in_flight for one in endpoints] == [10, 10, 10, 10]


def test_chance_takes_any_of_them() -> None:
    endpoints = [One("a"), One("b"), One("c")]
    lots = iter([0.0, 0.34, 0.999999, 0.67])
    turns = RandomChoice(lambda: next(lots))
    assert [turns.choose(endpoints).name for _ in range(4)] == ["a", "b", "c", "c"]


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_chance_is_fair(seed: int, size: int) -> None:
    endpoints = [One(str(number)) for number in range(size)]
    turns = RandomChoice(Random(seed).random)
    chosen = Counter(turns.choose(endpoints).name for _ in range(200 * size))
    assert all(100 < chosen[one.name] < 300 for one in endpoints) or size == 1


@pytest.mark.parametrize(
    "name, kind",
    [("round_robin", Balancer), ("least_request", LeastRequest), ("random", RandomChoice)],
)
def test_balancers_go_by_their_names_in_the_rule_file(name: str, kind: type[Balancer]) -> None:
    assert type(balancer(name, lambda: 0.0)) is kind


def test_every_word_of_the_rule_file_has_its_balancer() -> None:
    for word in Balance:
        balancer(word.value, lambda: 0.0)
