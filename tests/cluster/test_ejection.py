from __future__ import annotations

import pytest

from sidecar.cluster.ejection import LONGEST_TIMES, Ejection, EjectSettings

SETTINGS = EjectSettings(after=3, seconds=30.0, at_most=0.5)


@pytest.mark.parametrize(
    "share, endpoints, out",
    [(0.5, 1, 0), (0.5, 2, 1), (0.5, 3, 1), (1.0, 1, 1), (0.1, 9, 0), (0.1, 10, 1), (0.3, 10, 3)],
)
def test_how_many_may_be_out(share: float, endpoints: int, out: int) -> None:
    assert EjectSettings(at_most=share).may_be_out(endpoints) == out


def test_it_grows_while_one_follows_another_closely() -> None:
    ejection, now = Ejection(), 1000.0
    seconds = []
    for _ in range(12):
        seconds.append(ejection.begin(SETTINGS, now))
        assert ejection.is_out
        now = ejection.until
        ejection.end(2, now)
        now += seconds[-1] - 0.1
    assert seconds == [30.0 * times for times in range(1, 11)] + [30.0 * LONGEST_TIMES] * 2
    assert (ejection.total, ejection.failures, ejection.is_out) == (12, 2, False)


def test_who_was_back_for_as_long_as_it_was_away_begins_anew() -> None:
    ejection = Ejection()
    ejection.begin(SETTINGS, 0.0)
    ejection.end(0, 30.0)
    assert ejection.begin(SETTINGS, 59.9) == 60.0
    ejection.end(0, 119.9)
    assert ejection.begin(SETTINGS, 179.9) == 30.0
