"""Rate limits on a virtual clock: what is let through, what a refusal says, what a reload keeps."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from sidecar.model.policy import Stage
from sidecar.model.verdict import ADMIT
from sidecar.policies.rate_limit import RateLimit
from tests.policies.rate_limit.gates import gate, passed, passes, refusal, request

ANN, BOB = request(user="ann", client="192.0.2.1"), request(user="bob", client="192.0.2.1")


@pytest.mark.parametrize(
    "fields, at_once",
    [
        ({"limit": "5/s"}, 5),
        ({"limit": "5/s", "burst": 20}, 20),
        ({"limit": "1/10s"}, 1),
        ({"limit": "150/m"}, 2),
        ({"limit": "10/500ms"}, 20),
        ({"limit": "5/s", "algorithm": "gcra"}, 1),
        ({"limit": "5/s", "algorithm": "gcra", "burst": 3}, 3),
        ({"limit": "5/s", "algorithm": "token_bucket", "burst": 1}, 1),
    ],
)
def test_how_many_come_at_once_after_a_quiet_time(fields: dict[str, Any], at_once: int) -> None:
    limit = gate(**fields)
    assert passed(limit, ANN, 1000.0) == at_once
    assert passed(limit, ANN, 100_000.0) == at_once


@pytest.mark.parametrize(
    "fields, seconds, asked_per_second, count",
    [
        ({"limit": "5/s", "burst": 1}, 60, 100, 300),
        ({"limit": "1/10s"}, 600, 10, 60),
        ({"limit": "600/m", "algorithm": "gcra"}, 60, 200, 600),
        ({"limit": "1000/s", "burst": 10}, 2, 5000, 2000),
    ],
)
def test_how_many_pass_in_the_long_run(
    fields: dict[str, Any], seconds: int, asked_per_second: int, count: int
) -> None:
    limit = gate(**fields)
    burst = passed(limit, ANN, 1000.0)
    ticks = range(1, seconds * asked_per_second + 1)
    later = sum(passes(limit, ANN, 1000.0 + tick / asked_per_second) for tick in ticks)
    assert burst == fields.get("burst", 1)
    assert later == count


def test_each_value_has_a_limit_of_its_own_and_all_share_one_without_a_key() -> None:
    each = gate(limit="3/s", per="user")
    assert (passed(each, ANN, 1.0), passed(each, BOB, 1.0)) == (3, 3)
    together = gate(limit="3/s")
    assert (passed(together, ANN, 1.0), passed(together, BOB, 1.0)) == (3, 0)


def test_a_pair_of_keys_is_one_limit_for_each_pair() -> None:
    pairs = gate(limit="2/s", per=["user", "client"])
    elsewhere = request(user="ann", client="192.0.2.2")
    assert [passed(pairs, head, 1.0) for head in (ANN, BOB, elsewhere, ANN)] == [2, 2, 2, 0]
    assert passed(pairs, request(user="ann1", client="92.0.2.1"), 1.0) == 2


def test_where_it_stands_in_the_chain() -> None:
    assert gate(limit="5/s", per="user").stage is Stage.KEYED_LIMIT
    assert gate(limit="5/s").stage is Stage.SHARED_LIMIT
    assert gate(limit="5/s").settles is False


def test_a_refusal_says_when_to_come_back_and_names_no_rule() -> None:
    limit = gate(limit="1/10s", burst=2, per=["user", "client"])
    assert passed(limit, ANN, 1000.0) == 2
    reply = refusal(limit, ANN, 1004.0)
    assert (reply.status, reply.reason, reply.detail) == (429, "rate_limited", "Too many requests.")
    assert reply.retry_after == pytest.approx(6.0)
    assert reply.headers == (
        (b"RateLimit-Policy", b'"default";q=1;w=10'),
        (b"RateLimit", b'"default";r=0;t=7'),
    )
    assert reply.facts == {
        "limit": "1/10s",
        "burst": 2.0,
        "available": pytest.approx(0.4),
        "per": "client, user",
        "key_hash": ANY,
        "retry_after": reply.retry_after,
    }


@pytest.mark.parametrize(
    "limit, announced",
    [
        ("5/s", b"q=5;w=1"),
        ("600/m", b"q=600;w=60"),
        ("1/10s", b"q=1;w=10"),
        ("10/500ms", b"q=20;w=1"),
        ("0.5/s", b"q=1;w=2"),
        ("2.5/s", b"q=2;w=1"),
        ("1/1.5s", b"q=1;w=2"),
        ("29/100s", b"q=29;w=100"),
        ("1/49s", b"q=1;w=49"),
        ("1/1h", b"q=1;w=3600"),
        ("0.7/63s", b"q=1;w=90"),
    ],
)
def test_the_policy_is_announced_in_whole_requests_and_seconds(
    limit: str, announced: bytes
) -> None:
    rate_limit = gate(limit=limit, burst=1)
    rate_limit.take(ANN, 1.0)
    headers = dict(refusal(rate_limit, ANN, 1.0).headers)
    assert headers[b"RateLimit-Policy"] == b'"default";' + announced


@given(
    amount=st.integers(1, 1000),
    seconds=st.integers(1, 100),
    burst=st.integers(1, 20),
    start=st.floats(0, 1e8),
)
def test_who_comes_back_when_told_is_let_in(
    amount: int, seconds: int, burst: int, start: float
) -> None:
    limit = gate(limit=f"{amount}/{seconds}s", burst=burst)
    assert passed(limit, ANN, start, burst + 1) == burst
    now = start
    for _ in range(10):
        reply = refusal(limit, ANN, now)
        assert reply.retry_after is not None
        assert 0 < reply.retry_after <= seconds / amount * (1 + 1e-6) + start * 1e-14
        now += reply.retry_after
        assert passes(limit, ANN, now)


class AskedAndQuiet(RuleBasedStateMachine):
    """Two equal limits, one of which is asked all the time: nobody could tell which."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.asked = gate(limit="2/s", burst=3, per="user")
        self.quiet = gate(limit="2/s", burst=3, per="user")

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 7.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=st.sampled_from(["ann", "bob", "eve"]), later=st.sampled_from([0.0, 3.0, 1e6]))
    def ask(self, name: str, later: float) -> None:
        self.asked.peek(request(user=name), self.now + later)

    @rule(name=st.sampled_from(["ann", "bob", "eve"]))
    def come(self, name: str) -> None:
        head = request(user=name)
        verdict = self.quiet.peek(head, self.now)
        assert self.asked.peek(head, self.now) == verdict
        if verdict is ADMIT:
            self.asked.take(head, self.now)
            self.quiet.take(head, self.now)
        assert self.asked.tracked == self.quiet.tracked

    @rule(limit=st.sampled_from(["1/s", "2/s", "1/10s"]), burst=st.integers(1, 6))
    def reload(self, limit: str, burst: int) -> None:
        asked, quiet = (gate(limit=limit, burst=burst, per="user") for _ in range(2))
        asked.adopt(self.asked, self.now)
        quiet.adopt(self.quiet, self.now)
        self.asked, self.quiet = asked, quiet


TestAskedAndQuiet = AskedAndQuiet.TestCase
TestAskedAndQuiet.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.parametrize(
    "changed, left",
    [
        ({"limit": "10/s", "per": "user"}, 0),
        ({"limit": "1000/s", "burst": 1000, "per": "user"}, 0),
        ({"limit": "1/m", "per": "user"}, 0),
        ({"limit": "10/s", "per": ["user"], "algorithm": "gcra"}, 0),
        # another key: what is known belongs to other values
        ({"limit": "10/s", "per": "client"}, 10),
        ({"limit": "10/s", "per": ["user", "client"]}, 10),
        ({"limit": "10/s"}, 10),
    ],
)
def test_a_changed_rule_refills_nothing(changed: dict[str, Any], left: int) -> None:
    old = gate(limit="10/s", per="user")
    assert passed(old, ANN, 5.0) == 10
    new = gate(**changed)
    new.adopt(old, 5.0)
    assert passed(new, ANN, 5.0) == left


def test_what_is_known_of_one_key_is_not_taken_for_another() -> None:
    same = request(user="same", client="same")
    old = gate(limit="10/s", per="user")
    assert passed(old, same, 5.0) == 10
    new = gate(limit="20/s", per="client")
    new.adopt(old, 5.0)
    assert passed(new, same, 5.0) == 20


def test_the_order_in_which_keys_are_named_does_not_matter() -> None:
    old = gate(limit="10/s", per=["user", "client"])
    passed(old, ANN, 5.0)
    new = gate(limit="10/s", per=["client", "user"])
    new.adopt(old, 5.0)
    assert passed(new, ANN, 5.0) == 0


def test_a_raised_limit_counts_from_the_swap_on() -> None:
    old = gate(limit="10/s", burst=10, per="user")
    passed(old, ANN, 5.0)
    new = gate(limit="100/s", burst=100, per="user")
    new.adopt(old, 6.0)
    assert passed(new, ANN, 6.0) == 10
    assert passed(new, ANN, 6.1) == 10
    assert passed(new, BOB, 6.1) == 20


@given(
    swaps=st.lists(
        st.tuples(st.integers(1, 200), st.integers(1, 50), st.floats(0.0, 1.0)),
        min_size=1,
        max_size=30,
    )
)
def test_swaps_under_fire_let_no_more_through_than_the_limits_allow(
    swaps: list[tuple[int, int, float]],
) -> None:
    now, count, allowed = 100.0, 0, float(swaps[0][1])
    limit: RateLimit | None = None
    for amount, burst, seconds in swaps:
        changed = gate(limit=f"{amount}/s", burst=burst)
        if limit is not None:
            changed.adopt(limit, now)
        limit = changed
        for _ in range(3):
            now += seconds / 3
            allowed += amount * seconds / 3
            count += passed(limit, ANN, now)
            assert count <= allowed + 1e-3


def test_no_more_values_are_remembered_than_the_smallest_key_allows() -> None:
    limit = gate(limit="1/m", per=["user", "client"])
    for number in range(200):
        limit.take(request(user=f"user-{number}"), 1.0)
    assert limit.tracked == 50
    assert limit.evictions == 150


def test_a_value_as_long_as_a_head_may_be_is_limited_like_any_other() -> None:
    limit = gate(limit="2/s", per="user")
    long, other = request(user="x" * 60_000), request(user="x" * 60_001)
    assert (passed(limit, long, 1.0), passed(limit, other, 1.0)) == (2, 2)
