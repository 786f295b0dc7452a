from __future__ import annotations

import errno
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.export.item import Item, Signal
from sidecar.export.spool import Spool
from tests.export.faulty_disk import FAULTS, FaultyDisk, Killed
from tests.export.items import make_item

MANY = 1000
ROOM = 1_000_000


class Losses(Counter[tuple[Signal, str]]):
    def __call__(self, signal: Signal, reason: str, count: int) -> None:
        self[signal, reason] += count


def make_spool(
    root: Path, losses: Losses | None = None, limit: int = ROOM, disk: FaultyDisk | None = None
) -> Spool:
    moments = iter(range(1, 10**6))
    told = Losses() if losses is None else losses
    return Spool(root, limit, told, lambda: 1e9 + next(moments), disk)


def items(first: int, last: int, size: int = 0) -> list[Item]:
    return [make_item(number, size=size) for number in range(first, last)]


def drain(spool: Spool, most_items: int = MANY, most_bytes: int = ROOM) -> list[Item]:
    found: list[Item] = []
    while (reading := spool.read(most_items, most_bytes)) is not None:
        found += reading.items
        spool.confirm(reading)
    return found


def contents(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*"))


def test_documents_come_back_in_order(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    assert spool.put(items(0, 5)) == 5
    assert spool.put(items(5, 9)) == 4
    assert spool.documents == 9
    assert drain(spool, most_items=2) == items(0, 9)
    assert (spool.documents, spool.bytes) == (0, 0)


def test_how_long_the_first_has_waited(tmp_path: Path) -> None:
    now = 5.0
    spool = Spool(tmp_path, ROOM, Losses(), lambda: now)
    assert spool.oldest_seconds == 0
    spool.put(items(0, 2))
    now = 7.5
    spool.put(items(2, 4))
    assert spool.oldest_seconds == 2.5
    spool.close()
    now = 9.0
    heir = Spool(tmp_path, ROOM, Losses(), lambda: now)
    heir.adopt()
    assert heir.oldest_seconds == 4.0
    drain(heir)
    assert heir.oldest_seconds == 0


def test_of_a_file_with_another_name_nobody_knows(tmp_path: Path) -> None:
    left = tmp_path / "1-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "by-hand.ndjson").write_bytes(items(0, 1)[0].data)
    spool = make_spool(tmp_path)
    assert spool.adopt() == 1
    assert spool.oldest_seconds == 0


def test_one_that_is_larger_than_asked_for_is_read_whole(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.put([*items(0, 2, 5000), *items(2, 3)])
    assert drain(spool, most_bytes=10) == [*items(0, 2, 5000), *items(2, 3)]


def test_nothing_stays_of_a_spool_that_is_empty(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.put(items(0, 5))
    drain(spool)
    spool.close()
    assert contents(tmp_path) == []


def test_a_file_is_the_body_of_a_bulk_request(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.put(items(0, 3))
    (file,) = spool.folder.glob("*.ndjson")
    assert file.read_bytes() == b"".join(one.data for one in items(0, 3))


def test_what_a_process_has_left_is_adopted_from_where_it_was(tmp_path: Path) -> None:
    first = make_spool(tmp_path)
    first.put(items(0, 6))
    reading = first.read(2, ROOM)
    assert reading is not None
    first.confirm(reading)
    assert first.read(2, ROOM) is not None
    first.close()
    second = make_spool(tmp_path)
    second.put(items(6, 8))
    assert second.adopt() == 4
    assert drain(second) == items(2, 8)
    second.close()
    assert contents(tmp_path) == []


def test_a_folder_of_one_that_lives_is_left_alone(tmp_path: Path) -> None:
    first, second = make_spool(tmp_path), make_spool(tmp_path)
    first.put(items(0, 3))
    assert second.adopt() == 0
    assert drain(first) == items(0, 3)


def test_the_oldest_make_room(tmp_path: Path) -> None:
    losses = Losses()
    limit = 40_000
    spool = make_spool(tmp_path, losses, limit)
    for number in range(400):
        assert spool.put(items(number, number + 1, 100)) == 1
        assert spool.bytes <= limit
    found = drain(spool)
    lost = losses[Signal.LOGS, "spool_full"]
    assert lost > 0
    assert found == items(lost, 400, 100)


def test_one_that_is_larger_than_all_there_is_is_lost(tmp_path: Path) -> None:
    losses = Losses()
    spool = make_spool(tmp_path, losses, 10_000)
    assert spool.put([*items(0, 1), make_item(1, Signal.TRACES, 20_000), *items(2, 3)]) == 3
    assert drain(spool) == [*items(0, 1), *items(2, 3)]
    assert losses == {(Signal.TRACES, "spool_full"): 1}


def test_what_is_on_its_way_is_not_lost_with_its_file(tmp_path: Path) -> None:
    losses = Losses()
    spool = make_spool(tmp_path, losses, 10_000)
    spool.put(items(0, 4))
    reading = spool.read(3, ROOM)
    assert reading is not None
    for number in range(4, 200):
        spool.put(items(number, number + 1))
    spool.confirm(reading)
    found = drain(spool)
    assert len(reading.items) + losses.total() + len(found) == 200
    assert found == items(200 - len(found), 200)


def test_adopting_stays_within_the_limit(tmp_path: Path) -> None:
    for first in (0, 50):
        left = make_spool(tmp_path)
        left.put(items(first, first + 50, 100))
        left.close()
    losses = Losses()
    spool = make_spool(tmp_path, losses, 12_000)
    spool.adopt()
    assert spool.bytes <= 12_000
    assert len(drain(spool)) + losses.total() == 100


@pytest.mark.parametrize("number,reason", [(errno.ENOSPC, "disk_full"), (errno.EIO, "io_error")])
def test_a_disk_that_fails_takes_nothing_and_spoils_nothing(
    tmp_path: Path, number: int, reason: str
) -> None:
    disk = FaultyDisk()
    spool = make_spool(tmp_path, disk=disk)
    spool.put(items(0, 3))
    disk.fail(number, 0, times=2)
    assert spool.put(items(3, 6)) == 0
    assert spool.trouble == reason
    disk.heal()
    assert spool.put(items(3, 6)) == 3
    assert spool.trouble == ""
    assert {one.id for one in drain(spool)} == {one.id for one in items(0, 6)}


def test_a_folder_that_cannot_be_made_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = make_spool(tmp_path / "file")
    assert spool.put(items(0, 3)) == 0
    assert spool.trouble == "io_error"
    assert spool.adopt() == 0
    spool.close()


def test_a_folder_that_gets_no_name_keeps_nobody_from_adopting(tmp_path: Path) -> None:
    left = make_spool(tmp_path)
    left.put(items(0, 2))
    left.close()
    disk = FaultyDisk()
    spool = make_spool(tmp_path, disk=disk)
    # The second call that changes something gives the folder its name; the third removes it.
    disk.fail(errno.ENOSPC, 1, times=2)
    assert spool.put(items(2, 3)) == 0
    assert spool.adopt() == 2
    assert drain(spool) == items(0, 2)
    spool.close()
    assert contents(tmp_path) == []


def test_a_file_that_somebody_has_taken_away_is_counted(tmp_path: Path) -> None:
    losses = Losses()
    spool = make_spool(tmp_path, losses)
    spool.put(items(0, 3))
    next(spool.folder.glob("*.ndjson")).unlink()
    assert spool.read(10, ROOM) is None
    assert losses == {(Signal.LOGS, "io_error"): 3}


def test_a_torn_end_is_counted_and_the_rest_is_there(tmp_path: Path) -> None:
    first = make_spool(tmp_path)
    first.put(items(0, 3))
    file = next(first.folder.glob("*.ndjson"))
    first.close()
    file.write_bytes(file.read_bytes()[:-5])
    losses = Losses()
    second = make_spool(tmp_path, losses)
    second.adopt()
    assert drain(second) == items(0, 2)
    assert losses == {(Signal.LOGS, "torn"): 1}


class SpoolModel(RuleBasedStateMachine):
    """Whatever happens: what was taken is delivered, in safety, or counted as lost."""

    @initialize(small=st.booleans())
    def begin(self, small: bool) -> None:
        self.limit = 3_000 if small else ROOM
        self.folder = Path(tempfile.mkdtemp(prefix="spool-"))
        self.root = self.folder / "0"
        self.losses = Losses()
        self.disk = FaultyDisk()
        self.old: list[Spool] = []
        self.spool = make_spool(self.root, self.losses, self.limit, self.disk)
        self.number = 0
        #: Nothing has failed, and nobody was killed.
        self.calm = True
        self.accepted: set[str] = set()
        #: Whether they arrived is open: the process was killed while it wrote them.
        self.doubtful: set[str] = set()
        self.delivered: list[str] = []
        #: Read and not confirmed: whoever reads them answers for them while it does.
        self.in_hand: set[str] = set()

    def killed(self) -> None:
        """Another process begins with the folder as the one before has left it."""
        self.disk.heal()
        self.calm = False
        self.old.append(self.spool)
        root = self.folder / str(len(self.old))
        if self.root.exists():
            shutil.copytree(self.root, root)
        self.root = root
        self.spool = make_spool(root, self.losses, self.limit, self.disk)
        self.spool.adopt()

    @rule(count=st.integers(1, 4), size=st.integers(0, 300))
    def put(self, count: int, size: int) -> None:
        given = items(self.number, self.number + count, size)
        self.number += count
        ids = [one.id for one in given]
        try:
            taken = self.spool.put(given)
        except Killed:
            self.doubtful |= {*ids}
            self.killed()
        else:
            self.accepted |= {*ids[:taken]}
            # A write that failed, and could not be taken back, may have left some of them.
            self.doubtful |= {*ids[taken:]}

    @rule(most=st.integers(1, 5), delivers=st.booleans(), room=st.integers(1, 2000))
    def read(self, most: int, delivers: bool, room: int) -> None:
        try:
            reading = self.spool.read(most, room)
            if reading is not None and not delivers:
                self.in_hand |= {one.id for one in reading.items}
            if reading is not None and delivers:
                self.delivered += [one.id for one in reading.items]
                self.spool.confirm(reading)
        except Killed:
            self.killed()

    @rule(fault=st.sampled_from(FAULTS), countdown=st.integers(0, 6), times=st.integers(1, 5))
    def break_disk(self, fault: int, countdown: int, times: int) -> None:
        self.calm = False
        self.disk.fail(fault, countdown, times)

    @rule(countdown=st.integers(0, 8))
    def kill_soon(self, countdown: int) -> None:
        self.disk.fail(None, countdown)

    @rule()
    def kill_now(self) -> None:
        self.killed()

    @rule()
    @precondition(lambda self: self.disk.countdown < 0)
    def stop_and_start(self) -> None:
        self.spool.close()
        self.killed()

    @invariant()
    def bounded(self) -> None:
        if hasattr(self, "spool"):
            assert self.spool.bytes <= self.limit
            assert self.spool.documents >= 0

    def teardown(self) -> None:
        if not hasattr(self, "spool"):
            return
        self.disk.heal()
        try:
            self.spool.adopt()
            self.delivered += [one.id for one in drain(self.spool)]
            missing = self.accepted - {*self.delivered}
            assert len(missing - self.in_hand) <= self.losses.total(), (missing, self.losses)
            assert not self.calm or self.losses.total() <= len(missing)
            assert {*self.delivered} <= self.accepted | self.doubtful
            self.spool.close()
            assert not self.root.exists() or contents(self.root) == []
        finally:
            for one in (*self.old, self.spool):
                one.close()
            shutil.rmtree(self.folder)


SpoolModel.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestSpoolModel = SpoolModel.TestCase


def test_a_folder_that_cannot_be_taken_over_does_not_keep_it_from_others(tmp_path: Path) -> None:
    (tmp_path / "0" / "of somebody else").mkdir(parents=True)
    before = make_spool(tmp_path)
    before.put(items(0, 3))
    before.close()
    after = make_spool(tmp_path)
    assert after.adopt() == 3
    assert drain(after) == items(0, 3)
    assert (tmp_path / "0" / "of somebody else").exists()


@pytest.mark.parametrize("written", [b'{"a\xff":1}', b"{", b"\0\0", b'{"%b":-9}'])
def test_a_checkpoint_that_was_overwritten_is_as_good_as_none(
    tmp_path: Path, written: bytes
) -> None:
    before = make_spool(tmp_path)
    before.put(items(0, 3))
    [segment] = before.folder.glob("*.ndjson")
    before.close()
    (before.folder / "checkpoint").write_bytes(written.replace(b"%b", segment.name.encode()))
    assert drain(adopted(tmp_path)) == items(0, 3)


def adopted(root: Path) -> Spool:
    spool = make_spool(root)
    spool.adopt()
    return spool
