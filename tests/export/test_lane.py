from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.export.back_off import BackOff
from sidecar.export.backend import TAKEN, Delivery, failed
from sidecar.export.item import Item, Signal
from sidecar.export.lane import MOST_ITEMS, SLOW_SECONDS, Lane
from sidecar.export.ledger import Ledger
from sidecar.export.spool import Spool
from tests.export.faulty_disk import FAULTS, FaultyDisk
from tests.export.items import make_item

MEMORY = 1_000_000


class Way:
    """A lane with a clock, and what arrived of what went through it."""

    def __init__(
        self, folder: Path | None = None, memory: int = MEMORY, disk_bytes: int = MEMORY
    ) -> None:
        self.now = 100.0
        self.ledger = Ledger()
        self.disk = FaultyDisk()
        self.spool: Spool | None = None
        if folder is not None:
            wall = lambda: self.now  # noqa: E731 - a clock
            self.spool = Spool(folder, disk_bytes, self.ledger.dropped, wall, self.disk)
        self.lane = Lane("some", memory, BackOff(lambda: 1.0), self.ledger, self.spool)
        self.arrived: list[Item] = []
        self.number = 0

    def offer(self, count: int, size: int = 0) -> list[Item]:
        items = [make_item(self.number + one, size=size) for one in range(count)]
        self.number += count
        self.lane.offer(items, self.now)
        return items

    def piece(self) -> list[Item]:
        """The next, after so long as the lane wants to wait."""
        self.now += self.lane.wait_seconds(self.now)
        piece = self.lane.next_piece(self.now)
        assert piece is not None
        return piece

    def settle(self, piece: Sequence[Item], delivery: Delivery) -> None:
        if not delivery.split:
            gone = {*delivery.again, *delivery.refused}
            self.arrived += [one for place, one in enumerate(piece) if place not in gone]
        self.lane.settle(delivery, self.now)

    def fail(self, retry_after: float = 0.0) -> None:
        piece = self.piece()
        self.settle(piece, failed(piece, "nobody is there", retry_after))

    def deliver_all(self) -> list[Item]:
        while not self.lane.is_empty:
            self.settle(self.piece(), TAKEN)
        return self.arrived

    @property
    def lost(self) -> dict[str, int]:
        return dict(self.ledger.lost.get(Signal.LOGS, {}))


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
def spooled(tmp_path: Path) -> Way:
    return Way(tmp_path)


def test_a_few_wait_for_others_for_a_second(way: Way) -> None:
    assert way.lane.wait_seconds(way.now) == inf
    items = way.offer(3)
    assert way.lane.next_piece(way.now) is None
    assert way.lane.wait_seconds(way.now) == pytest.approx(1.0)
    way.now += 0.5
    items += way.offer(1)
    assert way.piece() == items
    assert way.now == pytest.approx(101.0)


def test_enough_wait_for_nobody(way: Way) -> None:
    items = way.offer(MOST_ITEMS + 1)
    assert way.lane.wait_seconds(way.now) == 0.0
    assert way.piece() == items[:MOST_ITEMS]


def test_enough_bytes_wait_for_nobody(way: Way) -> None:
    way.offer(4, size=100_000)
    assert way.lane.wait_seconds(way.now) == 0.0


def test_nobody_waits_when_it_ends(way: Way) -> None:
    items = way.offer(1)
    way.lane.hurry()
    assert way.lane.next_piece(way.now) == items


def test_a_failure_is_tried_again_after_a_while_and_in_order(way: Way) -> None:
    items = way.offer(3)
    way.fail()
    report = way.lane.report(way.now)
    assert (report.is_up, report.error) == (False, "nobody is there")
    assert way.lane.next_piece(way.now) is None
    assert way.lane.wait_seconds(way.now) == pytest.approx(0.1)
    way.fail()
    assert way.lane.wait_seconds(way.now) == pytest.approx(0.2)
    items += way.offer(2)
    assert way.deliver_all() == items
    report = way.lane.report(way.now)
    assert (report.is_up, report.error) == (True, "")


def test_who_asks_to_be_left_alone_is(way: Way) -> None:
    way.offer(1)
    way.fail(retry_after=17.0)
    assert way.lane.wait_seconds(way.now) == pytest.approx(17.0)


def test_only_what_was_not_taken_is_tried_again(way: Way) -> None:
    items = way.offer(4)
    way.settle(way.piece(), Delivery(refused={1: "refused"}, again=[2], error="too many requests"))
    assert way.lane.is_up
    assert way.piece() == [items[2]]
    assert way.lost == {"refused": 1}
    way.settle([items[2]], TAKEN)
    assert way.lane.is_empty
    assert way.ledger.sent == {Signal.LOGS: 3}


def test_one_that_is_wrong_is_found_among_those_that_are_not(way: Way) -> None:
    items = way.offer(37)
    while not way.lane.is_empty:
        piece = way.piece()
        wrong = items[23] in piece
        way.settle(piece, Delivery(split="refused", error="400") if wrong else TAKEN)
    assert way.lost == {"refused": 1}
    assert way.arrived == [*items[:23], *items[24:]]


def test_memory_is_bounded_and_the_oldest_are_lost(way: Way) -> None:
    way.offer(1)
    way.fail()
    for _ in range(30):
        way.offer(50, size=2000)
        assert way.lane.report(way.now).queue_bytes <= MEMORY
    arrived = way.deliver_all()
    assert way.lost == {"queue_full": way.number - len(arrived)}
    assert arrived[-1].id == f"logs-{way.number - 1}"
    assert arrived[0].id == "logs-0", "what was on its way is not thrown away"


# --- with a disk


def test_what_fails_goes_to_the_disk_and_so_does_what_comes_meanwhile(spooled: Way) -> None:
    items = spooled.offer(3)
    spooled.fail()
    items += spooled.offer(3)
    report = spooled.lane.report(spooled.now)
    assert (report.spool_documents, report.queue_bytes) == (6, 0)
    spooled.fail()
    assert spooled.deliver_all() == items
    assert not spooled.lost


def test_when_it_answers_again_the_new_does_not_wait_for_the_old(spooled: Way) -> None:
    spooled.offer(1)
    spooled.fail()
    spooled.offer(3 * MOST_ITEMS)
    spooled.settle(spooled.piece(), TAKEN)
    new = spooled.offer(MOST_ITEMS)
    assert spooled.piece() == new
    spooled.settle(new, TAKEN)
    assert len(spooled.deliver_all()) == spooled.number


def test_while_it_is_slow_what_comes_goes_to_the_disk(spooled: Way) -> None:
    spooled.offer(MOST_ITEMS)
    piece = spooled.piece()
    spooled.now += SLOW_SECONDS + 1
    spooled.offer(5)
    assert spooled.lane.report(spooled.now).spool_documents == 5
    spooled.settle(piece, TAKEN)
    assert len(spooled.deliver_all()) == MOST_ITEMS + 5


def test_what_does_not_fit_into_memory_goes_to_the_disk(tmp_path: Path) -> None:
    way = Way(tmp_path, memory=20_000)
    items = way.offer(300)
    assert way.lane.report(way.now).queue_bytes <= 20_000
    assert {one.id for one in way.deliver_all()} == {one.id for one in items}
    assert not way.lost


def test_what_the_backend_has_no_time_for_waits_on_the_disk_behind_the_others(
    spooled: Way,
) -> None:
    items = spooled.offer(5)
    spooled.fail()
    spooled.settle(spooled.piece(), Delivery(again=[1, 3], error="429"))
    assert spooled.deliver_all() == [items[0], items[2], items[4], items[1], items[3]]


def test_a_disk_that_fails_leaves_all_in_memory(spooled: Way) -> None:
    spooled.disk.fail(errno.ENOSPC, 0, times=100_000)
    items = spooled.offer(5)
    spooled.fail()
    items += spooled.offer(5)
    assert spooled.lane.report(spooled.now).spool_documents == 0
    assert spooled.deliver_all() == items


def test_a_disk_that_is_full_is_the_reason_of_losses(spooled: Way) -> None:
    spooled.disk.fail(errno.ENOSPC, 0, times=100_000)
    spooled.offer(5)
    spooled.fail()
    spooled.offer(2000, size=1000)
    assert spooled.lost["disk_full"] + len(spooled.deliver_all()) == spooled.number
    assert [*spooled.lost] == ["disk_full"]


def test_at_the_end_what_is_left_goes_to_the_disk(spooled: Way, tmp_path: Path) -> None:
    items = spooled.offer(3)
    spooled.piece()
    items += spooled.offer(2)
    spooled.lane.put_away(spooled.now)
    after = Way(tmp_path)
    after.lane.adopt()
    assert after.deliver_all() == items


def test_at_the_end_what_is_left_is_lost_without_a_disk(way: Way) -> None:
    way.offer(3)
    way.piece()
    way.offer(2)
    way.lane.put_away(way.now)
    assert way.lost == {"shutdown": 5}


def test_at_the_end_what_is_on_the_disk_is_delivered_too(spooled: Way) -> None:
    spooled.offer(3)
    spooled.fail()
    spooled.offer(MOST_ITEMS)
    spooled.settle(spooled.piece(), TAKEN)
    assert not spooled.lane.is_done
    spooled.deliver_all()
    assert spooled.lane.is_done


def test_one_that_is_down_is_not_waited_for_when_there_is_a_disk(spooled: Way, way: Way) -> None:
    for one in (spooled, way):
        one.offer(1)
        assert not one.lane.is_done
        one.fail()
    assert spooled.lane.is_done
    assert not way.lane.is_done


def test_a_report_says_how_it_goes(spooled: Way) -> None:
    spooled.offer(4)
    spooled.settle(spooled.piece(), Delivery(refused={0: "refused"}))
    spooled.offer(2)
    spooled.now += 0.5
    report = spooled.lane.report(spooled.now)
    assert report.name == "some"
    assert report.sent == {"logs": 3}
    assert report.dropped == {"logs": {"refused": 1}}
    assert report.waiting == {"logs": 2}
    assert report.oldest_seconds == pytest.approx(0.5)
    assert (report.requests_ok, report.requests_failed) == (1, 0)


DELIVERIES = st.one_of(
    st.just("taken"), st.just("failed"), st.just("split"), st.lists(st.integers(0, 2), max_size=9)
)


class LaneModel(RuleBasedStateMachine):
    """Whatever backend and disk do: each item arrives, waits, or is counted as lost, once."""

    @initialize(has_disk=st.booleans(), memory=st.sampled_from([3_000, MEMORY]))
    def begin(self, has_disk: bool, memory: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lane-"))
        self.way = Way(self.folder / "spool" if has_disk else None, memory, 8_000)
        self.memory = memory

    @rule(count=st.integers(1, 6), size=st.integers(0, 200))
    def offer(self, count: int, size: int) -> None:
        self.way.offer(count, size)

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds: float) -> None:
        self.way.now += seconds

    @rule(outcome=DELIVERIES, seconds=st.floats(0, 10), meanwhile=st.integers(0, 3))
    def deliver(self, outcome: str | list[int], seconds: float, meanwhile: int) -> None:
        way = self.way
        piece = way.lane.next_piece(way.now)
        if piece is None:
            return
        way.now += seconds
        if meanwhile:
            way.offer(meanwhile)
        way.settle(piece, self.delivery(piece, outcome))

    def delivery(self, piece: Sequence[Item], outcome: str | list[int]) -> Delivery:
        if outcome == "taken":
            return TAKEN
        if outcome == "failed":
            return failed(piece, "nobody is there")
        if outcome == "split":
            return Delivery(split="too_large")
        fates = dict(enumerate([int(one) for one in outcome][: len(piece)]))
        return Delivery(
            refused={place: "refused" for place, fate in fates.items() if fate == 1},
            again=[place for place, fate in fates.items() if fate == 2],
        )

    @rule(fault=st.sampled_from(FAULTS), countdown=st.integers(0, 4), times=st.integers(1, 9))
    def break_disk(self, fault: int, countdown: int, times: int) -> None:
        self.way.disk.fail(fault, countdown, times)

    @invariant()
    def bounded(self) -> None:
        if hasattr(self, "way"):
            report = self.way.lane.report(self.way.now)
            # A load and its overhead may stand beside a memory that is smaller than it.
            assert report.queue_bytes <= self.memory + 3_000
            assert report.spool_bytes <= 8_000
            assert self.way.lane.wait_seconds(self.way.now) >= 0

    def teardown(self) -> None:
        if not hasattr(self, "way"):
            return
        way = self.way
        way.disk.heal()
        try:
            arrived = [one.id for one in way.deliver_all()]
            lost = sum(sum(one.values()) for one in way.ledger.lost.values())
            assert len({*arrived}) + lost >= way.number
            assert way.lane.is_empty
            if way.spool is None:
                assert len(arrived) + lost == way.number
                assert len({*arrived}) == len(arrived)
        finally:
            way.lane.put_away(way.now)
            shutil.rmtree(self.folder)


LaneModel.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestLaneModel = LaneModel.TestCase
