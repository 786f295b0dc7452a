"""What holds for every algorithm: true refusals, no trace of asking, nothing refilled."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from sidecar.model.verdict import ADMIT, Park, Respond
from sidecar.policies.rate_limit import RateLimit
from tests.policies.rate_limit.gates import (
    ALGORITHMS,
    limit_by,
    passed,
    passes,
    refusal,
    request,
)

ANN = request(user="ann", client="192.0.2.1")

algorithms = st.sampled_from(sorted(ALGORITHMS))
limits = st.builds("{}/{}s".format, st.integers(1, 40), st.integers(1, 20))


def header_seconds(wait: float) -> int:
    """``Retry-After`` as it is written: whole seconds, never fewer."""
    return ceil(wait - 1e-9)


class Obedient(RuleBasedStateMachine):
    """A client alone, who spends what there is and comes back when told; limits change."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.limit: RateLimit = limit_by("token_bucket", "5/s")

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(algorithm=algorithms, limit=limits)
    def reload(self, algorithm: str, limit: str) -> None:
        changed = limit_by(algorithm, limit)
        changed.adopt(self.limit, self.now)
        self.limit = changed

    @rule(times=st.integers(1, 60))
    def come(self, times: int) -> None:
        passed(self.limit, ANN, self.now, times)

    @rule(exact=st.booleans(), later=st.sampled_from([1.0, 1.3, 4.0]))
    def come_back_when_told(self, exact: bool, later: float) -> None:
        passed(self.limit, ANN, self.now, 5000)
        verdict = self.limit.peek(ANN, self.now)
        if not isinstance(verdict, Respond):
            return
        wait = verdict.reply.retry_after
        assert wait is not None
        assert wait > 0
        self.now += (wait if exact else header_seconds(wait)) * later
        answer = self.limit.peek(ANN, self.now)
        assert not isinstance(answer, Respond), (answer, wait)
        if isinstance(answer, Park):
            # A pace lets it wait, for its turn is near.
            self.now = answer.until
        assert passes(self.limit, ANN, self.now)


TestObedient = Obedient.TestCase
TestObedient.settings = settings(max_examples=60, stateful_step_count=30)


class AskedAndQuiet(RuleBasedStateMachine):
    """Two equal limits, one of which is asked all the time: nobody could tell which."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.asked, self.quiet = (limit_by("fixed_window", "3/2s", per="user") for _ in range(2))

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 2.0, 7.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=st.sampled_from(["ann", "bob"]), later=st.sampled_from([0.0, 3.0, 1e6]))
    def ask(self, name: str, later: float) -> None:
        head = request(user=name)
        verdict = self.asked.peek(head, self.now + later)
        self.asked.facts(head, self.now)
        self.asked.readings(self.now)
        if isinstance(verdict, Park):
            self.asked.leave(head, verdict.place)

    @rule(name=st.sampled_from(["ann", "bob"]))
    def come(self, name: str) -> None:
        head = request(user=name)
        verdict = self.quiet.peek(head, self.now)
        again = self.asked.peek(head, self.now)
        if isinstance(verdict, Park):
            assert isinstance(again, Park)
            assert again.until == verdict.until
            self.asked.leave(head, again.place)
            self.quiet.leave(head, verdict.place)
            return
        assert again == verdict
        if verdict is ADMIT:
            self.asked.take(head, self.now)
            self.quiet.take(head, self.now)
        assert self.asked.readings(self.now) == self.quiet.readings(self.now)

    @rule(algorithm=algorithms, limit=limits)
    def reload(self, algorithm: str, limit: str) -> None:
        for name in ("asked", "quiet"):
            changed = limit_by(algorithm, limit, per="user")
            changed.adopt(getattr(self, name), self.now)
            setattr(self, name, changed)


TestAskedAndQuiet = AskedAndQuiet.TestCase
TestAskedAndQuiet.settings = settings(max_examples=60, stateful_step_count=30)


@pytest.mark.parametrize("old", ALGORITHMS)
@pytest.mark.parametrize("new", ALGORITHMS)
def test_a_change_of_algorithm_refills_nothing(old: str, new: str) -> None:
    before = limit_by(old, "2/s", per="user")
    spent = passed(before, ANN, 50.0)
    after = limit_by(new, "2/s", per="user")
    after.adopt(before, 50.0)
    # A window of two has room for one more than the one that an evenly spaced limit let through.
    in_window = new.endswith("window")
    assert passed(after, ANN, 50.0) <= (max(0, 2 - spent) if in_window else 0)
    if {old, new} != {"token_bucket", "gcra"}:
        fresh = passed(limit_by(new, "2/s", per="user"), ANN, 50.0)
        assert passed(after, request(user="stranger"), 50.0) == fresh


@given(
    chain=st.lists(st.tuples(algorithms, st.integers(1, 20)), min_size=1, max_size=25),
    gap=st.sampled_from([0.0, 0.001, 0.05]),
)
def test_swaps_under_fire_let_through_what_the_largest_limit_might(
    chain: list[tuple[str, int]], gap: float
) -> None:
    """Limits a second, all of it: windows let twice, buckets a burst and what comes.

    Of eight changes in a row that all still matter, what a small limit could not hold is forgotten
    once: that much more may be let through.
    """
    now, count = 100.0, 0
    limit: RateLimit | None = None
    largest = max(amount for _, amount in chain)
    for algorithm, amount in chain:
        changed = limit_by(algorithm, f"{amount}/s")
        if limit is not None:
            changed.adopt(limit, now)
        limit = changed
        count += passed(limit, ANN, now)
        now += gap
    elapsed = now - 100.0
    forgotten = len(chain) // 8
    assert count <= (2 + forgotten) * (largest + 4) + elapsed * largest


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_headers_of_a_refusal(algorithm: str) -> None:
    limit = limit_by(algorithm, "2/10s")
    passed(limit, ANN, 50.0)
    reply = refusal(limit, ANN, 50.0)
    assert (reply.status, reply.reason, reply.detail) == (429, "rate_limited", "Too many requests.")
    assert reply.retry_after is not None
    headers = dict(reply.headers)
    assert headers[b"RateLimit-Policy"] == b'"default";q=2;w=10'
    assert headers[b"RateLimit"] == b'"default";r=0;t=%d' % ceil(reply.retry_after)
    assert reply.facts["limit"] == "2/10s"
    assert floor(float(reply.facts["available"])) <= 0


@pytest.mark.parametrize(
    "algorithm, extra",
    [
        ("token_bucket", {"burst": 3}),
        ("gcra", {"burst": 1}),
        ("warm_up", {"burst": 4}),
        ("pace", {}),
    ],
)
def test_what_is_shown_of_a_limit(algorithm: str, extra: dict[str, Any]) -> None:
    limit = limit_by(algorithm, "4/s", per="user")
    facts = dict(limit.facts(ANN, 50.0))
    available = facts.pop("available")
    assert available == pytest.approx({"warm_up": 1.2}.get(algorithm, extra.get("burst", 1)))
    if algorithm == "warm_up":
        assert facts.pop("warmth") == 0.0
    assert facts == {"limit": "4/s", "per": "user", **extra}
