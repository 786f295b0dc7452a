from __future__ import annotations

import itertools
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_services.load.arrivals import arrivals, schedule
from demo_services.load.plan import Client, Step

rates = st.floats(0, 500)
steps = st.builds(
    Step,
    phase=st.just("any"),
    seconds=st.floats(0.1, 4),
    per_second=rates,
    until_per_second=st.none() | rates,
    spacing=st.sampled_from(["even", "poisson"]),
)


def _expected_count(step: Step) -> float:
    last = step.per_second if step.until_per_second is None else step.until_per_second
    return (step.per_second + last) / 2 * step.seconds


@given(steps, st.integers())
def test_arrivals_are_in_order_and_within_the_step(step: Step, seed: int) -> None:
    moments = list(arrivals(step, random.Random(seed)))
    assert all(0 <= moment < step.seconds for moment in moments)
    assert all(a <= b for a, b in itertools.pairwise(moments))


@given(steps)
def test_even_arrivals_are_as_many_as_the_rates_say(step: Step) -> None:
    even = Step(
        phase="any",
        seconds=step.seconds,
        per_second=step.per_second,
        until_per_second=step.until_per_second,
        spacing="even",
    )
    count = len(list(arrivals(even, random.Random(0))))
    assert abs(count - _expected_count(even)) <= 0.5 + 1e-6


def test_even_arrivals_are_equally_far_apart() -> None:
    step = Step(phase="any", seconds=2, per_second=10, spacing="even")
    moments = list(arrivals(step, random.Random(0)))
    assert moments == pytest.approx([0.05 + 0.1 * number for number in range(20)])


def test_a_climb_has_its_arrivals_where_the_rate_is_high() -> None:
    step = Step(phase="any", seconds=2, per_second=0, until_per_second=100, spacing="even")
    moments = list(arrivals(step, random.Random(0)))
    assert len(moments) == 100
    # A quarter of the area under the rate lies in the first half of the time.
    assert sum(moment < 1 for moment in moments) == 25


def test_a_fall_mirrors_a_climb() -> None:
    climb = Step(phase="any", seconds=3, per_second=10, until_per_second=70, spacing="even")
    fall = Step(phase="any", seconds=3, per_second=70, until_per_second=10, spacing="even")
    up = list(arrivals(climb, random.Random(0)))
    down = list(arrivals(fall, random.Random(0)))
    assert down == pytest.approx([3 - moment for moment in reversed(up)])


def test_poisson_gaps_vary_as_much_as_their_mean() -> None:
    step = Step(phase="any", seconds=100, per_second=100)
    moments = list(arrivals(step, random.Random(7)))
    gaps = [b - a for a, b in itertools.pairwise(moments)]
    assert len(moments) == pytest.approx(10_000, rel=0.03)
    assert statistics.fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(0.01, rel=0.05)


def test_steps_follow_each_other_and_keep_their_phases() -> None:
    client = Client(
        name="one",
        steps=(
            Step(phase="first", seconds=1, per_second=2, spacing="even"),
            Step(phase="pause", seconds=1, per_second=0),
            Step(phase="last", seconds=1, per_second=1, spacing="even"),
        ),
    )
    found = list(schedule(client, random.Random(0)))
    assert found == [(0.25, "first"), (0.75, "first"), (2.5, "last")]
