"""How many connections there may be, and who waits for one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sidecar.cluster.pool import Pool, PoolSettings


@dataclass
class Idle:
    expires: float


def pool(
    *, open_: int = 0, connecting: int = 0, pending: int = 0, settings: PoolSettings | None = None
) -> Pool[Idle, int]:
    one: Pool[Idle, int] = Pool(settings or PoolSettings(max_connections=3, max_pending=2))
    one.open, one.connecting = open_, connecting
    one.pending.extend(range(pending))
    return one


def test_a_new_pool_is_empty_and_lets_everybody_wait() -> None:
    one: Pool[Idle, int] = Pool(PoolSettings())
    assert (one.open, one.connecting, one.idle, list(one.pending)) == (0, 0, [], [])
    assert (one.may_wait, one.should_connect) == (True, False)


@pytest.mark.parametrize("open_, connecting, pending, should", [
    (0, 0, 0, False), (0, 0, 1, True), (1, 1, 1, False), (1, 1, 2, True), (2, 0, 1, True),
    (3, 0, 1, False), (3, 1, 5, False), (3, 3, 5, False),
])  # fmt: skip
def test_a_connection_is_opened_for_whoever_waits_while_there_is_room(
    open_: int, connecting: int, pending: int, *, should: bool
) -> None:
    assert pool(open_=open_, connecting=connecting, pending=pending).should_connect == should


@pytest.mark.parametrize("open_, connecting, pending, may", [
    (0, 0, 0, True), (2, 2, 9, True), (3, 0, 0, True), (3, 0, 1, True), (3, 0, 2, False),
    (3, 3, 4, True), (3, 3, 5, False), (3, 1, 3, False), (3, 1, 2, True),
])  # fmt: skip
def test_so_many_may_wait_beside_those_whose_connection_is_being_opened(
    open_: int, connecting: int, pending: int, *, may: bool
) -> None:
    assert pool(open_=open_, connecting=connecting, pending=pending).may_wait == may


def test_what_has_expired_is_taken_out() -> None:
    one = pool(open_=3)
    one.idle = [Idle(1.0), Idle(3.0), Idle(2.0)]
    assert one.expired(0.9) == []
    assert [idle.expires for idle in one.expired(2.0)] == [1.0, 2.0]
    assert [idle.expires for idle in one.idle] == [3.0]


def test_a_closed_connection_is_forgotten_idle_or_not() -> None:
    one = pool(open_=2)
    idle = Idle(1.0)
    one.idle = [idle]
    one.forget(Idle(2.0))
    assert (one.open, one.idle) == (1, [idle])
    one.forget(idle)
    assert (one.open, one.idle) == (0, [])


def test_whoever_waits_no_longer_is_taken_out_of_the_row() -> None:
    one = pool(pending=3)
    one.withdraw(1)
    one.withdraw(7)
    assert list(one.pending) == [0, 2]
