"""How much is shed: simulated against a service that can do a third of what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.shedding import Shedding
from tests.algorithms.plant import WINDOW_SECONDS, Crowd, Plant

CAPACITY = 1000.0
SHEDDABLE = 3

SIGNALS: dict[str, Callable[[Plant], float]] = {
    "cpu": lambda plant: plant.cpu / 0.85,
    "delay": lambda plant: plant.delay / 0.02,
}
MIXES = {
    "even": (0.25, 0.25, 0.25, 0.25),
    "much medium": (0.05, 0.85, 0.05, 0.05),
    "much low": (0.6, 0.2, 0.1, 0.1),
    "only medium and critical": (0.0, 0.9, 0.0, 0.1),
}


@dataclass
class Run:
    """A service behind a gate that sheds."""

    crowd: Crowd
    strain: Callable[[Plant], float]
    plant: Plant = field(default_factory=lambda: Plant(CAPACITY))
    shedding: Shedding = field(default_factory=lambda: Shedding(SHEDDABLE))
    random: Random = field(default_factory=lambda: Random(2))
    #: One entry a window.
    depths: list[float] = field(default_factory=list)
    goods: list[float] = field(default_factory=list)

    def go_on(self, seconds: float, per_second: float) -> None:
        for _ in range(round(seconds / WINDOW_SECONDS)):
            admitted = [0] * 4
            for level in self.crowd.window(per_second):
                shed = level < SHEDDABLE and self.random.random() < self.shedding.share(level)
                admitted[level] += not shed
            self.plant.window(sum(admitted))
            strain = self.strain(self.plant)
            self.shedding.window(strain, admitted[:SHEDDABLE], sum(admitted))
            self.depths.append(self.shedding.depth)
            self.goods.append(self.plant.good)


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("signal", SIGNALS)
def test_three_times_too_much_is_shed_until_the_service_can_do_what_is_left(
    signal: str, mix: str
) -> None:
    run = Run(Crowd(MIXES[mix]), SIGNALS[signal])
    run.go_on(10, 3 * CAPACITY)
    before = len(run.depths)
    run.go_on(30, 3 * CAPACITY)
    depths, goods = run.depths[before:], run.goods[before:]
    # It neither sheds more than it must, nor goes to and fro between all and nothing.
    assert sum(goods) / len(goods) > (0.8 if signal == "cpu" else 0.92)
    assert max(depths) - min(depths) < (0.25 if signal == "cpu" else 0.75)
    assert max(depths) < SHEDDABLE + 1e-9
    # Two thirds must go, and those who matter least go first.
    shed = sum(depths) / len(depths)
    gone = sum(MIXES[mix][level] * min(max(shed - level, 0), 1) for level in range(SHEDDABLE))
    assert 0.6 < gone < 0.8


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("signal", SIGNALS)
def test_shedding_ends_within_seconds_when_the_load_falls(signal: str, mix: str) -> None:
    run = Run(Crowd(MIXES[mix]), SIGNALS[signal])
    run.go_on(20, 3 * CAPACITY)
    run.go_on(5, 0.5 * CAPACITY)
    assert run.depths[-1] == 0.0
    run.go_on(10, 0.8 * CAPACITY)
    assert set(run.depths[-40:]) == {0.0}


def test_nothing_is_shed_below_the_threshold() -> None:
    run = Run(Crowd(MIXES["even"]), SIGNALS["cpu"])
    run.go_on(30, 0.8 * CAPACITY)
    assert set(run.depths) == {0.0}


def test_shares_go_class_by_class() -> None:
    shedding = Shedding(3)
    shedding.depth = 1.25
    assert [shedding.share(number) for number in range(4)] == [1.0, 0.25, 0.0, 0.0]


def test_the_further_above_the_threshold_the_more_is_shed() -> None:
    depths = []
    for strain in (1.01, 1.05, 1.2, 9.0):
        shedding = Shedding(1)
        shedding.window(strain, [80], 100)
        depths.append(shedding.depth)
    assert depths == sorted(depths)
    # At most 10 % of what was let in, which half of a class that is 80 % of all is known to be.
    assert depths[-1] == pytest.approx(0.1 * 100 / 40)


def test_a_class_of_which_nobody_comes_is_gone_past_in_a_second() -> None:
    shedding = Shedding(2)
    for _ in range(4):
        shedding.window(2.0, [0, 50], 100)
    assert shedding.depth == 1.0


def test_when_nobody_comes_nothing_more_is_shed_and_it_ends() -> None:
    shedding = Shedding(2)
    shedding.depth = 0.4
    shedding.window(2.0, [0, 0], 0)
    assert shedding.depth == 0.4
    for _ in range(20):
        shedding.window(0.1, [0, 0], 0)
    assert shedding.depth == 0.0


def test_a_queue_that_is_being_worked_off_is_no_reason_to_shed_more() -> None:
    shedding = Shedding(1)
    shedding.window(9.0, [100], 100)
    depth = shedding.depth
    shedding.window(7.0, [80], 80)
    assert shedding.depth == depth
    shedding.window(6.9, [80], 80)
    assert shedding.depth > depth


@given(
    st.lists(
        st.tuples(
            st.floats(0, 50),
            st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
            st.integers(0, 10_000),
        ),
        max_size=60,
    )
)
def test_whatever_is_measured_the_depth_stays_in_bounds_and_moves_in_steps(
    windows: list[tuple[float, list[int], int]],
) -> None:
    shedding = Shedding(3)
    for strain, admitted, critical in windows:
        before = shedding.depth
        shedding.window(strain, admitted, sum(admitted) + critical)
        assert 0.0 <= shedding.depth <= 3.0
        assert abs(shedding.depth - before) <= 0.25 + 1e-9
        assert (shedding.depth <= before) or strain > 1.0
