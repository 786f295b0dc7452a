"""So many lines a second are shipped, and every other one is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.around.line_record import STDOUT
from sidecar.around.shipping import LINES_AT_ONCE, QUEUE_FULL, TOO_MANY, Shipping
from sidecar.telemetry.signals import LogRecord


class Taker:
    def __init__(self, *, has_room: bool = True) -> None:
        self.records: list[LogRecord] = []
        self.lost: dict[str, int] = {}
        self.has_room = has_room

    def __call__(self, records: list[LogRecord], lost: dict[str, int]) -> bool:
        if self.has_room:
            self.records += records
            for reason, count in lost.items():
                self.lost[reason] = self.lost.get(reason, 0) + count
        return self.has_room

    @property
    def bodies(self) -> list[str]:
        return [one.body for one in self.records]


def test_lines_become_records_in_their_order() -> None:
    taker = Taker()
    shipping = Shipping(STDOUT, taker)
    shipping.feed(b'{"msg":"one"}\ntwo\nthr', 1.0, 0.0)
    assert taker.bodies == ["one"]
    assert shipping.waits_until is not None
    shipping.flush(0.0)
    assert taker.bodies == ["one", "two"]
    shipping.end(2.0, 0.0)
    assert taker.bodies == ["one", "two", "thr"]
    assert taker.lost == {}


def test_a_flood_is_counted_and_does_not_come_through() -> None:
    taker = Taker()
    shipping = Shipping(STDOUT, taker)
    for number in range(100):
        shipping.feed(b'{"msg":"x"}\n' * 1000, number / 1000, 0.0)
    shipping.feed(b'{"msg":"later"}\n', 60.0, 0.0)
    assert taker.bodies[-1] == "later"
    assert LINES_AT_ONCE <= len(taker.records) <= LINES_AT_ONCE + 200
    assert len(taker.records) + taker.lost[TOO_MANY] == 100_001


def test_what_finds_no_room_is_counted_once_there_is_some() -> None:
    taker = Taker(has_room=False)
    shipping = Shipping(STDOUT, taker)
    shipping.feed(b'{"msg":"lost"}\n', 1.0, 0.0)
    taker.has_room = True
    shipping.feed(b'{"msg":"told"}\n', 2.0, 0.0)
    assert taker.bodies == ["told"]
    assert taker.lost == {QUEUE_FULL: 1}


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0.0, 2.0))))
def test_none_is_lost_without_being_counted(pieces: list[tuple[int, float]]) -> None:
    taker = Taker()
    shipping = Shipping(STDOUT, taker)
    now = 0.0
    for lines, pause in pieces:
        now += pause
        shipping.feed(b"{}\n" * lines, now, 0.0)
    shipping.feed(b"", now + 60.0, 0.0)
    shipping.end(now, 0.0)
    written = sum(lines for lines, _ in pieces)
    assert len(taker.records) + sum(taker.lost.values()) == written
