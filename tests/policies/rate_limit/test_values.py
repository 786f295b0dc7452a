"""Limits of single values, values that are exempt, and what requests cost."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.verdict import ADMIT, Respond
from sidecar.policies.rate_limit import RateLimit, RateLimitSpec
from sidecar.state.list_file import ListFile
from tests.policies.building import World, header_key
from tests.policies.rate_limit.gates import (
    ALGORITHMS,
    gate,
    limit_by,
    passed,
    passes,
    refusal,
    request,
)

ANN, BOB = request(user="ann"), request(user="bob")
NEVER = 253402300800.0


def answered(**fields: bytes) -> Outcome:
    told = {name.replace("_", "-").encode(): value for name, value in fields.items()}
    return Outcome(OutcomeClass.SUCCESS, 200, 0.1, None, 200, 0.1, told)


def by_answer(**fields: Any) -> RateLimit:
    cost = {"from": "response_header", "name": "X-Cost", "default": 2}
    return gate(limit="60 units/m", per="user", cost=cost, **fields)


@pytest.mark.parametrize("algorithm", ["fixed_window", "sliding_window", "moving_window"])
def test_a_value_with_a_limit_of_its_own(algorithm: str) -> None:
    limit = limit_by(algorithm, "3/s", per="user", overrides={"ann": "7/s"})
    assert (passed(limit, ANN, 50.0), passed(limit, BOB, 50.0)) == (7, 3)
    headers = dict(refusal(limit, ANN, 50.0).headers)
    assert headers[b"RateLimit-Policy"] == b'"default";q=7;w=1'
    assert limit.facts(ANN, 50.0)["limit"] == "7/s"
    assert limit.tracked == 2


def test_a_long_value_has_its_limit_too() -> None:
    name = "x" * 1000
    limit = gate(limit="3/s", per="user", overrides={name: "7/s"})
    assert passed(limit, request(user=name), 50.0) == 7


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_reload_that_gives_or_takes_an_override_refills_nothing(algorithm: str) -> None:
    shared = limit_by(algorithm, "2/10s", per="user")
    own = {"ann": "2/10s"}
    spent = passed(shared, ANN, 50.0)
    assert spent >= 1
    with_own = limit_by(algorithm, "2/10s", per="user", overrides=own)
    with_own.adopt(shared, 50.0)
    assert passed(with_own, ANN, 50.0) == 0
    changed = limit_by(algorithm, "2/10s", per="user", overrides=own)
    changed.adopt(with_own, 50.0)
    assert passed(changed, ANN, 50.0) == 0
    without = limit_by(algorithm, "2/10s", per="user")
    without.adopt(changed, 50.0)
    assert passed(without, ANN, 50.0) == 0


def test_who_is_exempt_counts_nothing() -> None:
    limit = gate(limit="1/m", exempt={"user": ["ann", "test-*"], "client_ip": "10.0.0.0/8"})
    inside = request(user="eve")
    inside.client_number = 0xFFFF_0A00_0001
    assert passed(limit, ANN, 50.0, 20) == passed(limit, request(user="test-7"), 50.0, 20) == 20
    assert passed(limit, inside, 50.0, 20) == 20
    assert passed(limit, BOB, 50.0) == 1
    assert limit.facts(ANN, 50.0) == {"exempt": "yes"}


def test_who_is_exempt_may_stand_in_a_file() -> None:
    world = World(lists={"vip.txt": ListFile({b"ann": NEVER})})
    spec = RateLimitSpec.model_validate(
        {"name": "a", "limit": "1/m", "exempt": {"user": {"file": "vip.txt"}}}
    )
    limit = spec.build(world.context(header_key("user")))
    assert (passed(limit, ANN, 50.0, 20), passed(limit, BOB, 50.0, 20)) == (20, 1)


@pytest.mark.parametrize("algorithm", ["token_bucket", "gcra", "fixed_window", "moving_window"])
def test_a_request_that_says_what_it_costs(algorithm: str) -> None:
    cost = {"from": "query", "name": "size", "default": 3}
    limit = gate(limit="10 units/m", algorithm=algorithm, cost=cost)

    def asking(query: bytes) -> Any:
        head = request()
        head.query = query
        return head

    assert passes(limit, asking(b"size=6"), 50.0)
    assert not passes(limit, asking(b"size=5"), 50.0)
    assert passes(limit, asking(b""), 50.0)
    assert not passes(limit, asking(b"size=2"), 50.0)
    assert passes(limit, asking(b"size=0"), 50.0)
    reply = refusal(limit, asking(b"size=4"), 50.0)
    assert reply.facts["cost"] == 4
    wait = reply.retry_after
    assert wait is not None
    assert passes(limit, asking(b"size=4"), 50.0 + wait)


def test_what_costs_more_than_ever_fits_is_told_so() -> None:
    limit = gate(limit="10 units/m", cost={"from": "query", "name": "size"})
    head = request()
    head.query = b"size=11"
    reply = refusal(limit, head, 50.0)
    assert (reply.status, reply.retry_after, reply.headers) == (429, None, ())
    assert reply.detail == "This request costs more than is let through at once."


def test_the_answer_tells_the_cost_and_may_leave_a_debt() -> None:
    limit = by_answer()
    assert limit.settles
    ticket = limit.take(ANN, 50.0)
    assert limit.facts(ANN, 50.0)["available"] == 58.0
    limit.settle(ANN, ticket, answered(x_cost=b"100"), 50.0)
    assert limit.facts(ANN, 50.0)["available"] == -40.0
    reply = refusal(limit, ANN, 50.0)
    wait = reply.retry_after
    assert wait is not None
    assert wait == pytest.approx(42.0)
    assert limit.peek(BOB, 50.0) is ADMIT
    assert limit.peek(ANN, 50.0 + wait) is ADMIT


@pytest.mark.parametrize(
    "fields, available", [({}, 58), ({"x_cost": b"0"}, 60), ({"x_cost": b"a"}, 58)]
)
def test_an_answer_that_costs_less_gives_back(fields: dict[str, bytes], available: float) -> None:
    limit = by_answer()
    limit.settle(ANN, limit.take(ANN, 50.0), answered(**fields), 50.0)
    assert limit.facts(ANN, 50.0)["available"] == available


def test_an_answer_after_a_reload_is_charged_to_the_same_bucket() -> None:
    old, new = by_answer(), by_answer(burst=50)
    ticket = old.take(ANN, 50.0)
    new.adopt(old, 50.0)
    old.settle(ANN, ticket, answered(x_cost=b"45"), 50.0)
    assert new.facts(ANN, 50.0)["available"] == pytest.approx(15.0)


def test_who_is_exempt_is_charged_nothing_by_the_answer() -> None:
    limit = by_answer(exempt={"user": "ann"})
    limit.settle(ANN, limit.take(ANN, 50.0), answered(x_cost=b"100"), 50.0)
    assert limit.tracked == 0


def test_a_limit_on_requests_settles_nothing() -> None:
    limit = gate(limit="5/s")
    assert not limit.settles
    limit.settle(ANN, limit.take(ANN, 50.0), answered(x_cost=b"100"), 50.0)
    assert limit.facts(ANN, 50.0)["available"] == 4.0
    assert not isinstance(limit.peek(ANN, 50.0), Respond)
