"""Slots and lines by themselves; with requests and reloads see the model of the policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.algorithms.slots import Slots, Standing, Waiting

KEY, OTHER = b"ann", b"bob"


def told(place: Waiting | None, log: list[str], name: str) -> Waiting:
    """The place of somebody who notes that he was woken."""
    assert place is not None
    place.wake = lambda: log.append(name)
    return place


def waiting(slots: Slots, log: list[str], *who: tuple[str, int]) -> dict[str, Waiting]:
    return {name: told(slots.wait(KEY, rank, 1.0, 2.0), log, name) for name, rank in who}


def test_a_slot_is_kept_for_the_first_of_the_best_rank() -> None:
    slots, log = Slots(1, 10, 5), list[str]()
    ticket = slots.take(KEY)
    places = waiting(slots, log, ("late", 2), ("first", 0), ("second", 0), ("third", 1))
    slots.give_back(KEY, ticket)
    assert log == ["first"]
    assert slots.held(KEY) == 1
    for name, following in (("first", "second"), ("second", "third"), ("third", "late")):
        assert places[name].standing is Standing.CALLED
        slots.give_back(KEY, slots.take_kept(places[name]))
        assert log[-1] == following
    assert (slots.taken, slots.kept, slots.queued) == (0, 1, 0)


@pytest.mark.parametrize(
    "rank, pushed", [(0, "d"), (1, "d"), (2, "d"), (3, None)], ids=["best", "good", "fair", "worst"]
)
def test_who_comes_to_a_full_line_pushes_out_the_last_of_the_worst(
    rank: int, pushed: str | None
) -> None:
    slots, log = Slots(1, 4, 5), list[str]()
    slots.take(KEY)
    places = waiting(slots, log, ("a", 3), ("b", 1), ("d", 3), ("c", 2))
    place = slots.wait(KEY, rank, 1.0, 2.0)
    assert (place is None) == (pushed is None)
    assert log == ([pushed] if pushed else [])
    assert slots.line(KEY) == slots.queued == 4
    if pushed:
        assert places[pushed].standing is Standing.PUSHED_OUT
        slots.leave(places[pushed])
        assert slots.queued == 4


def test_nobody_is_pushed_out_by_his_equals() -> None:
    slots, log = Slots(1, 2, 5), list[str]()
    slots.take(KEY)
    waiting(slots, log, ("a", 1), ("b", 1))
    assert slots.wait(KEY, 1, 1.0, 2.0) is None
    assert log == []


def test_who_goes_before_he_takes_his_slot_leaves_it_to_the_next() -> None:
    slots, log = Slots(1, 10, 5), list[str]()
    ticket = slots.take(KEY)
    places = waiting(slots, log, ("a", 0), ("b", 0), ("c", 0))
    slots.leave(places["b"])
    slots.give_back(KEY, ticket)
    slots.leave(places["a"])
    slots.leave(places["a"])
    assert log == ["a", "c"]
    slots.leave(places["c"])
    assert (slots.taken, slots.kept, slots.queued, slots.tracked) == (0, 0, 0, 0)


def test_a_place_that_nobody_can_wake_gets_no_slot() -> None:
    slots, log = Slots(1, 10, 5), list[str]()
    ticket = slots.take(KEY)
    ghost = slots.wait(KEY, 0, 1.0, 2.0)
    waiting(slots, log, ("a", 0))
    slots.give_back(KEY, ticket)
    assert log == ["a"]
    assert ghost is not None
    slots.leave(ghost)
    assert (slots.kept, slots.queued) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [lambda slots: slots.resize(3, 10, 5), lambda slots: slots.resize(9, 0, 5)],
    ids=["two more", "many more, and no line"],
)
def test_more_slots_are_given_to_those_who_wait(change: Callable[[Slots], None]) -> None:
    slots, log = Slots(1, 10, 5), list[str]()
    slots.take(KEY)
    waiting(slots, log, ("a", 0), ("b", 0))
    change(slots)
    assert log == ["a", "b"]


def test_fewer_slots_wait_for_those_that_are_taken() -> None:
    slots = Slots(3, 0, 5)
    tickets = [slots.take(KEY) for _ in range(3)]
    slots.resize(1, 0, 5)
    held = []
    for ticket in tickets:
        slots.give_back(KEY, ticket)
        held.append(slots.held(KEY))
    assert held == [2, 1, 0]


def test_keys_have_slots_of_their_own_and_go_with_the_last_one() -> None:
    slots = Slots(1, 1, 5)
    ticket = slots.take(KEY)
    assert (slots.held(KEY), slots.held(OTHER), slots.tracked) == (1, 0, 1)
    slots.give_back(KEY, ticket)
    assert (slots.held(KEY), slots.tracked) == (0, 0)


def test_keys_beyond_the_capacity_share_a_row() -> None:
    slots = Slots(2, 1, 2)
    own = [slots.take(KEY), slots.take(OTHER)]
    strangers = [slots.take(b"eve"), slots.take(b"mallory")]
    assert slots.held(b"anybody") == 2
    assert slots.tracked == 2
    place = slots.wait(b"anybody", 0, 1.0, 2.0)
    assert place is not None
    assert slots.line(b"somebody") == 1
    slots.leave(place)
    # A row of its own has become free: who is in the shared one stays there to the end.
    slots.give_back(KEY, own[0])
    assert slots.held(b"eve") == 0
    slots.give_back(b"eve", strangers[0])
    slots.give_back(b"mallory", strangers[1])
    slots.give_back(OTHER, own[1])
    assert (slots.taken, slots.tracked) == (0, 0)
