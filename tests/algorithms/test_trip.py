from __future__ import annotations

import pytest

from sidecar.algorithms.trip import Condition, ConsecutiveErrors, Ratio, go_on


def met(condition: Condition, *calls: bool | float, now: float = 100.0) -> list[bool]:
    """What the condition says to each call: an error or not, or how many seconds it took."""
    return [
        condition.count(now, 0.0, error=call)
        if isinstance(call, bool)
        else condition.count(now, call, error=False)
        for call in calls
    ]


def test_a_share_of_errors() -> None:
    condition = Ratio(0.5, 10.0, 4)
    assert met(condition, True, True, True) == [False] * 3
    assert met(condition, True) == [True]
    assert met(Ratio(0.5, 10.0, 4), True, True, False, False, True) == [False] * 4 + [True]
    assert met(Ratio(0.5, 10.0, 4), False, False, True, False, True) == [False] * 5


def test_only_what_makes_it_worse_meets_it() -> None:
    condition = Ratio(0.5, 10.0, 4)
    assert met(condition, True, True, True) == [False] * 3
    assert met(condition, False) == [False]
    assert met(condition, True) == [True]


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_share_that_is_reached_exactly(percent: int) -> None:
    condition = Ratio(percent / 100, 10.0, 100)
    assert not any(met(condition, *[False] * (100 - percent), *[True] * (percent - 1)))
    assert met(condition, True) == [True]


def test_a_share_of_slow_answers() -> None:
    condition = Ratio(0.5, 10.0, 4, slower_than=0.4)
    assert met(condition, 0.5, 0.4, 0.1, 0.41) == [False, False, False, True]
    assert not condition.is_bad(0.4, error=True)
    assert condition.is_bad(0.5, error=False)
    assert condition.name == "slow_ratio"
    assert condition.words() == "2 of 4 requests in 10s took longer than 0.4s"


def test_errors_in_a_row() -> None:
    condition = ConsecutiveErrors(3)
    assert met(condition, True, True, False, True, True) == [False] * 5
    assert met(condition, True, True) == [True, True]
    assert condition.is_bad(0.0, error=True)
    assert not condition.is_bad(9.0, error=False)


def test_facts_and_forgetting() -> None:
    condition = Ratio(0.5, 10.0, 4)
    met(condition, True, False, False)
    assert condition.facts(100.0) == {
        "error_ratio": pytest.approx(1 / 3),
        "error_ratio_limit": 0.5,
        "error_ratio_requests": 3,
        "error_ratio_at_least": 4,
        "error_ratio_over_seconds": 10.0,
    }
    assert condition.words() == "1 of 3 requests in 10s failed"
    condition.clear()
    assert condition.facts(100.0)["error_ratio_requests"] == 0
    row = ConsecutiveErrors(3)
    met(row, True)
    assert row.facts(100.0) == {"consecutive_errors": 1, "consecutive_errors_limit": 3}
    assert row.words() == "1 requests in a row failed"
    row.clear()
    assert row.facts(100.0)["consecutive_errors"] == 0


def test_each_goes_on_with_what_the_first_of_its_sort_has_counted() -> None:
    errors, slow, row = Ratio(0.5, 10.0, 4), Ratio(0.5, 10.0, 4, 0.4), ConsecutiveErrors(9)
    before: list[Condition] = [errors, slow, row]
    for condition in before:
        met(condition, True, 0.5)
    met(row, True)
    changed: list[Condition] = [ConsecutiveErrors(2), Ratio(0.9, 20.0, 2), Ratio(0.9, 20.0, 2)]
    changed += [Ratio(0.2, 5.0, 2, 0.4), Ratio(0.2, 5.0, 2, 0.3)]
    go_on(changed, before, 100.0)
    counted = [one.facts(100.0) for one in changed]
    assert counted[0]["consecutive_errors"] == 1
    assert [counted[place]["error_ratio_requests"] for place in (1, 2)] == [2, 0]
    # What is slow is another question with another limit.
    assert [counted[place]["slow_ratio_requests"] for place in (3, 4)] == [2, 0]
    assert met(changed[0], True) == [True]


def test_another_sort_is_nothing_to_go_on_with() -> None:
    row, errors = ConsecutiveErrors(3), Ratio(0.5, 10.0, 4)
    met(row, True)
    met(errors, True)
    row.adopt(errors, 100.0)
    errors.adopt(row, 100.0)
    assert row.errors == 1
    assert errors.counts.calls == 1
