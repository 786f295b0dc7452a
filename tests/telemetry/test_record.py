from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Mode, Notice, Rule
from sidecar.model.verdict import LocalReply
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.record import ExchangeRecord, Keep, Noticed, RecordRing, Try
from tests.telemetry.records import make_record


def record(number: int) -> ExchangeRecord:
    return make_record(started=float(number))


def test_records_come_out_in_the_order_they_went_in() -> None:
    ring = RecordRing(8)
    for number in range(5):
        ring.append(record(number))
    assert [each.started for each in ring.drain(3)] == [0.0, 1.0, 2.0]
    assert [each.started for each in ring.drain(10)] == [3.0, 4.0]
    assert ring.drain(10) == []


def test_a_full_ring_loses_the_oldest_and_counts_it() -> None:
    ring = RecordRing(3)
    for number in range(5):
        ring.append(record(number))
    assert ring.dropped == 2
    assert [each.started for each in ring.drain(10)] == [2.0, 3.0, 4.0]


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        RecordRing(0)


@given(st.integers(1, 6), st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=60))
def test_every_record_is_drained_held_or_counted_as_dropped(
    capacity: int, steps: list[int | None]
) -> None:
    ring = RecordRing(capacity)
    appended = 0
    drained: list[float] = []
    for step in steps:
        if step is None:
            ring.append(record(appended))
            appended += 1
        else:
            drained += [each.started for each in ring.drain(step)]
        assert len(ring) <= capacity
        assert len(drained) + ring.dropped + len(ring) == appended
    assert drained == sorted(set(drained))


def test_a_record_can_be_told_to_another_process_with_all_that_the_rules_knew() -> None:
    rule = Rule("rate_limits", "each-user", Mode.ENFORCE, "shop.rules.yaml:12", "fair to all")
    reply = LocalReply(429, "rate_limited", "Later.", 0.5, ((b"ratelimit", b"r=0"),), {"rate": 5})
    whole = make_record(
        evidence=Evidence(reply, (Finding(rule, Said.REFUSED, {"observed": 11.2, "key": "u"}),)),
        tries=(Try(b"b7ad6b7169203331", 1.0, 2.0, "app", "127.0.0.1:9000", 503, ""),),
        noticed=(Noticed(1.5, Notice("sidecar.breaker", "open", {"failures": 3}, warns=True)),),
        kept=Keep.REFUSED,
    )
    told = msgspec.msgpack.encode(whole)
    assert msgspec.msgpack.decode(told, type=ExchangeRecord) == whole
