"""A breaker on a virtual clock, as stories; the model is in ``test_circuit_model``."""

from __future__ import annotations

import pytest

from sidecar.algorithms.circuit import CLOSED, HALF_OPEN, OPEN, CircuitSettings, Transition
from sidecar.algorithms.trip import ConsecutiveErrors, Ratio
from tests.algorithms.circuit_bench import Bench


def test_the_story_of_a_breaker() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.call(error=False)
    bench.fail(3)
    assert bench.circuit.state == OPEN
    assert not bench.call(error=False)
    assert bench.circuit.wait(bench.now) == 4.0
    bench.passes(4.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED
    assert [(one.before, one.after) for one in bench.told] == [
        (CLOSED, OPEN),
        (OPEN, HALF_OPEN),
        (HALF_OPEN, CLOSED),
    ]
    assert bench.told[0].cause == {
        "opened_by": "consecutive_errors",
        "consecutive_errors": 3,
        "consecutive_errors_limit": 3,
    }
    assert bench.told[0].seconds == 4.0


def test_open_time_doubles_up_to_its_bound_and_begins_anew_after_a_healthy_time() -> None:
    bench = Bench(conditions=[Ratio(1.0, 10.0, 3)])
    bench.fail()
    for seconds in (4.0, 8.0, 15.0, 15.0):
        assert bench.circuit.wait(bench.now) == seconds
        bench.passes(seconds)
        # Two failures of five are more than 80 % can bear.
        bench.fail(2)
    bench.passes(15.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    # Closed for less than it was open, and its window: the upstream was not well yet.
    bench.passes(24.9)
    bench.fail()
    assert bench.circuit.wait(bench.now) == 15.0
    bench.passes(15.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    bench.passes(25.0)
    bench.fail()
    assert bench.circuit.wait(bench.now) == 4.0


@pytest.mark.parametrize("luck, seconds", [(0.0, 3.2), (0.5, 4.0), (0.999999, 4.8)])
def test_jitter(luck: float, seconds: float) -> None:
    bench = Bench(CircuitSettings(4.0, 60.0, 0.2), luck=lambda: luck)
    bench.fail()
    assert bench.circuit.wait(bench.now) == pytest.approx(seconds, abs=1e-5)


def test_as_many_probes_as_said_and_not_one_more() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    tickets = [bench.circuit.enter(bench.now) for _ in range(5)]
    assert bench.circuit.wait(bench.now) == 1.0
    bench.circuit.leave(tickets[0], bench.now, 0.0, error=False)
    # Its result is there: its place is not free again.
    assert bench.circuit.wait(bench.now) == 1.0
    bench.circuit.leave(tickets[1], bench.now, 0.0, error=None)
    assert bench.circuit.wait(bench.now) == 0.0
    bench.circuit.enter(bench.now)
    assert bench.circuit.wait(bench.now) == 1.0
    bench.passes(29.5)
    assert bench.circuit.wait(bench.now) == 0.5


def test_probes_that_never_end_open_it_again() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    tickets = [bench.circuit.enter(bench.now) for _ in range(5)]
    bench.passes(30.0)
    assert bench.circuit.state_at(bench.now) == OPEN
    assert bench.circuit.wait(bench.now) == 8.0
    bench.passes(3.0)
    # A probe that ends after all is too late to count.
    bench.circuit.leave(tickets[0], bench.now, 0.0, error=False)
    assert bench.circuit.state == OPEN
    assert bench.circuit.wait(bench.now) == 5.0
    assert bench.told[-1].cause["opened_by"] == "give_up_after"
    bench.passes(5.0)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_nobody_came_for_the_whole_of_half_open_and_what_follows() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.passes(10_000.0)
    assert bench.circuit.wait(bench.now) == 0.0
    assert bench.call(error=False)
    assert [(one.before, one.after) for one in bench.told[2:]] == [
        (HALF_OPEN, OPEN),
        (OPEN, HALF_OPEN),
    ]
    assert bench.circuit.good == 1


def test_calls_from_before_the_opening_are_no_probes() -> None:
    bench = Bench()
    old = [bench.circuit.enter(bench.now) for _ in range(10)]
    bench.fail()
    for ticket in old[:5]:
        bench.circuit.leave(ticket, bench.now, 0.0, error=False)
    assert bench.circuit.state == OPEN
    bench.passes(4.0)
    probe = bench.circuit.enter(bench.now)
    for ticket in old[5:]:
        bench.circuit.leave(ticket, bench.now, 0.0, error=False)
    assert (bench.circuit.state, bench.circuit.good, bench.circuit.in_flight) == (HALF_OPEN, 0, 1)
    bench.circuit.leave(probe, bench.now, 0.0, error=False)
    assert bench.circuit.good == 1


def test_slow_probes_do_not_close_what_slowness_opened() -> None:
    bench = Bench(conditions=[Ratio(0.5, 10.0, 2, slower_than=0.4)])
    assert [bench.call(error=False, seconds=0.8) for _ in range(2)] == [True, True]
    bench.passes(4.0)
    assert [bench.call(error=False, seconds=0.8) for _ in range(2)] == [True, True]
    assert bench.circuit.state == OPEN
    bench.passes(8.0)
    assert [bench.call(error=True, seconds=0.1) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_every_condition_counts_every_call() -> None:
    bench = Bench(conditions=[Ratio(0.5, 10.0, 10), ConsecutiveErrors(3)])
    bench.fail()
    assert bench.circuit.cause["opened_by"] == "consecutive_errors"
    assert bench.conditions[0].facts(bench.now)["error_ratio_requests"] == 3


@pytest.mark.parametrize(
    "probes, ratio, enough", [(5, 0.8, 4), (5, 1.0, 5), (1, 0.01, 1), (20, 0.55, 11), (3, 0.5, 2)]
)
def test_how_many_probes_must_succeed(probes: int, ratio: float, enough: int) -> None:
    assert CircuitSettings(probes=probes, success_ratio=ratio).enough_successes == enough


def test_forced_open() -> None:
    bench = Bench()
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    assert bench.circuit.wait(bench.now) == 60.0
    assert bench.circuit.facts(bench.now)["forced"] == "open"
    assert bench.circuit.facts(bench.now)["forced_seconds"] == 60.0
    assert bench.told[-1].cause == {"opened_by": "operator"}
    # Once more, for longer: that is no news.
    bench.circuit.force("open", bench.now + 90.0, bench.now)
    assert (bench.circuit.wait(bench.now), len(bench.told)) == (90.0, 1)
    bench.passes(90.0)
    assert "forced" not in bench.circuit.facts(bench.now)
    assert [bench.call(error=False) for _ in range(4)] == [True] * 4
    assert bench.circuit.state == CLOSED


def test_forced_open_can_be_taken_back() -> None:
    bench = Bench()
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.call(error=False)
    assert bench.circuit.state == HALF_OPEN
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.circuit.state == HALF_OPEN


def test_taking_back_what_nobody_forced_changes_nothing() -> None:
    bench = Bench()
    bench.fail()
    bench.circuit.force(None, 0.0, bench.now)
    assert bench.circuit.wait(bench.now) == 4.0


def test_forced_closed_goes_on_counting() -> None:
    bench = Bench()
    bench.fail()
    bench.circuit.force("closed", bench.now + 60.0, bench.now)
    bench.fail(50)
    assert bench.circuit.state == CLOSED
    bench.passes(60.0)
    bench.fail(1)
    assert bench.circuit.state == OPEN
    assert bench.circuit.cause["consecutive_errors"] == 51


def test_forcing_ends_what_the_probes_were_for() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    probes = [bench.circuit.enter(bench.now) for _ in range(5)]
    bench.circuit.force("open", bench.now + 60.0, bench.now)
    for probe in probes:
        bench.circuit.leave(probe, bench.now, 0.0, error=False)
    assert bench.circuit.wait(bench.now) == 60.0


def test_other_settings_keep_it_open() -> None:
    bench = Bench()
    bench.fail()
    told: list[Transition] = []
    changed = CircuitSettings(first_seconds=60.0, jitter=0.0, probes=1)
    bench.circuit.change(changed, [Ratio(0.5, 99.0, 1)], told.append, bench.now)
    assert bench.circuit.wait(bench.now) == 4.0
    bench.passes(4.0)
    assert bench.call(error=False)
    assert [one.after for one in told] == [HALF_OPEN, CLOSED]
    assert bench.call(error=True)
    assert bench.circuit.state == OPEN


def test_other_settings_in_the_middle_of_probing() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.circuit.enter(bench.now)
    fewer = CircuitSettings(probes=1)
    bench.circuit.change(fewer, [ConsecutiveErrors(3)], bench.told.append, bench.now)
    assert bench.circuit.state == CLOSED


def test_other_settings_after_probing_took_too_long() -> None:
    bench = Bench()
    bench.fail()
    bench.passes(4.0)
    assert bench.call(error=False)
    bench.passes(31.0)
    fewer = CircuitSettings(probes=1, jitter=0.0)
    bench.circuit.change(fewer, [ConsecutiveErrors(3)], bench.told.append, bench.now)
    assert bench.circuit.state == OPEN


def test_facts_of_each_state() -> None:
    bench = Bench()
    bench.fail(2)
    assert bench.circuit.facts(bench.now) == {
        "state": "closed",
        "consecutive_errors": 2,
        "consecutive_errors_limit": 3,
    }
    bench.fail(1)
    bench.passes(1.0)
    assert bench.circuit.facts(bench.now) == {
        "state": "open",
        "opened_by": "consecutive_errors",
        "consecutive_errors": 3,
        "consecutive_errors_limit": 3,
        "openings": 1,
        "next_probe_seconds": 3.0,
    }
    bench.passes(3.0)
    bench.call(error=True)
    bench.circuit.enter(bench.now)
    facts = bench.circuit.facts(bench.now)
    assert facts["state"] == "half_open"
    assert (facts["probes_good"], facts["probes_bad"], facts["probes_out"]) == (0, 1, 1)
    assert facts["probes_enough"] == 4


def test_each_opening_has_its_own_luck() -> None:
    lots = iter([0.0, 0.5, 1.0, 0.0])
    bench = Bench(CircuitSettings(4.0, 4.0, 0.25, probes=1), luck=lambda: next(lots))
    bench.fail()
    seconds = [bench.circuit.wait(bench.now)]
    for _ in range(2):
        bench.passes(seconds[-1])
        bench.fail(1)
        seconds.append(bench.circuit.wait(bench.now))
    assert seconds == [3.0, 4.0, 5.0]
