from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from sidecar.export.back_off import BackOff
from sidecar.export.backend import TAKEN, Delivery
from sidecar.export.item import Item
from sidecar.export.lane import Lane
from sidecar.export.ledger import Ledger
from sidecar.export.shipper import Shipper
from sidecar.export.spool import Spool
from tests.export.items import make_item


class Scripted:
    """Keeps what it is given; waits while it is told to, and raises what it is told to."""

    name = "scripted"

    def __init__(self) -> None:
        self.taken: list[Item] = []
        self.trouble: list[Exception] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.entered = threading.Event()
        self.closed = False

    def deliver(self, items: Sequence[Item]) -> Delivery:
        self.entered.set()
        self.may_go.wait()
        if self.trouble:
            raise self.trouble.pop()
        self.taken += items
        return TAKEN

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def backend() -> Scripted:
    return Scripted()


def make_shipper(backend: Scripted, folder: Path | None = None) -> Shipper:
    ledger = Ledger()
    spool = None if folder is None else Spool(folder, 10**6, ledger.dropped, lambda: 1e9)
    lane = Lane("scripted", 10**6, BackOff(lambda: 0.0), ledger, spool)
    return Shipper(lane, backend)


ITEMS = [make_item(number) for number in range(5)]


def ended(shipper: Shipper, within: float) -> None:
    shipper.hurry()
    shipper.end(shipper._clock() + within)


def test_at_the_end_all_is_delivered_at_once(backend: Scripted) -> None:
    shipper = make_shipper(backend)
    shipper.start()
    shipper.offer(ITEMS[:3])
    shipper.offer([])
    shipper.offer(ITEMS[3:])
    ended(shipper, 20.0)
    assert backend.taken == ITEMS
    assert backend.closed
    assert shipper.report().sent == {"logs": 5}


def test_one_that_comes_when_nothing_was_to_do_is_not_forgotten(backend: Scripted) -> None:
    shipper = make_shipper(backend)
    shipper.start()
    while shipper._wakes_at < 0:
        # Until the thread has looked, and waits for something to come.
        backend.entered.wait(0.01)
    shipper.offer(ITEMS)
    assert backend.entered.wait(5)
    ended(shipper, 20.0)


def test_what_a_backend_raises_is_a_failure_that_passes(backend: Scripted) -> None:
    backend.trouble = [ValueError("no such thing"), OSError("nobody is there")]
    shipper = make_shipper(backend)
    shipper.start()
    shipper.offer(ITEMS)
    ended(shipper, 20.0)
    assert backend.taken == ITEMS
    report = shipper.report()
    assert (report.requests_ok, report.requests_failed) == (1, 2)


def test_a_backend_that_never_answers_holds_nobody_up(backend: Scripted, tmp_path: Path) -> None:
    backend.may_go.clear()
    shipper = make_shipper(backend, tmp_path)
    shipper.start()
    shipper.hurry()
    shipper.offer(ITEMS)
    assert backend.entered.wait(20)
    assert shipper.report().waiting == {"logs": 5}
    ended(shipper, 0.0)
    backend.may_go.set()
    assert shipper.report().waiting == {"logs": 0}
    again = Scripted()
    after = make_shipper(again, tmp_path)
    after._lane.adopt()
    after.start()
    with after._changed:
        assert after._changed.wait_for(lambda: len(again.taken) == 5, 20)
    ended(after, 20.0)
    assert again.taken == ITEMS


def test_a_bug_that_ends_the_thread_is_no_secret(
    backend: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipper = make_shipper(backend)

    def broken(now: float) -> None:
        raise RuntimeError(f"a bug at {now}")

    monkeypatch.setattr(shipper._lane, "next_piece", broken)
    shipper.start()
    shipper._thread.join(20)
    with pytest.raises(RuntimeError, match="a bug at"):
        shipper.report()
