"""Retries: what is repeated and what is not, for how long is waited, and what a budget holds."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sidecar.model.http import RequestHead
from sidecar.model.policy import Stage
from sidecar.policies.retry import FailedTry, Retry, RetrySpec
from tests.policies.building import World

ON = ["connect_failure", "reset", "timeout", 503, 429]
FAILED = FailedTry(
    reason="", status=503, untouched=False, replayable=True, retries=0, took=0.01, left=inf,
    retry_after=0.0, active=100, retrying=0,
)  # fmt: skip


def retry(**fields: Any) -> Retry:
    spec = RetrySpec.model_validate({"name": "a-rule", "on": ON, **fields})
    return spec.build(World().context(kind="retries"))


def request(method: str = "GET", **fields: bytes) -> RequestHead:
    head = RequestHead(method, b"/", 1)
    head.decision = b"0123456789abcdef"
    head.fields = {name.replace("_", "-").encode(): value for name, value in fields.items()}
    return head


def readings(rule: Retry) -> dict[str, float]:
    return {one.label: one.value for one in rule.readings(0.0)}


@pytest.mark.parametrize(
    "reason, status, wanted",
    [
        ("connect_failure", 0, True),
        ("connect_timeout", 0, True),
        ("upstream_tls_failure", 0, True),
        ("upstream_reset", 0, True),
        ("stale_connection", 0, True),
        ("upstream_bad_response", 0, True),
        ("per_try_timeout", 0, True),
        ("pool_overflow", 0, False),
        ("no_endpoint", 0, False),
        ("", 503, True),
        ("", 429, True),
        ("", 500, False),
        ("", 404, False),
    ],
)
def test_what_is_named_is_repeated(reason: str, status: int, *, wanted: bool) -> None:
    failed = FAILED._replace(reason=reason, status=status)
    assert retry().wants(request(), failed) is wanted


def test_so_often_and_no_more() -> None:
    rule = retry(at_most=2)
    assert [rule.wants(request(), FAILED._replace(retries=n)) for n in range(4)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE"])
def test_what_may_have_had_an_effect_needs_a_key(method: str) -> None:
    assert not retry().wants(request(method), FAILED)
    assert retry().wants(request(method), FAILED._replace(reason="connect_failure", untouched=True))
    keyed = retry(only_with_header="Idempotency-Key")
    assert keyed.governs(request(method, idempotency_key=b"17"))
    assert keyed.wants(request(method, idempotency_key=b"17"), FAILED)
    assert not keyed.governs(request(method))
    assert not keyed.governs(request(method, idempotency_key=b""))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_what_is_idempotent_needs_none(method: str) -> None:
    assert retry().wants(request(method), FAILED)


@pytest.mark.parametrize(
    "change, why",
    [
        ({"replayable": False}, "body_not_kept"),
        ({"left": 0.034}, "deadline_too_near"),
        ({"left": 0.1, "took": 0.08}, "deadline_too_near"),
        ({"left": -1.0}, "deadline_too_near"),
        ({"left": 5.0, "retry_after": 5.0}, "deadline_too_near"),
        ({"retry_after": inf}, "deadline_too_near"),
        ({"retrying": 20}, "budget_exhausted"),
        ({"active": 0, "retrying": 3}, "budget_exhausted"),
    ],
)
def test_what_cannot_be_repeated_is_counted(change: dict[str, Any], why: str) -> None:
    rule = retry(backoff={"jitter": "none"})
    assert rule.wait(request(), FAILED._replace(**change)) is None
    assert {name for name, count in readings(rule).items() if count} == {why}


@pytest.mark.parametrize(
    "change, seconds",
    [
        ({}, 0.025),
        ({"retries": 1}, 0.05),
        ({"retry_after": 2.0, "left": 3.0}, 2.0),
        ({"left": 0.036}, 0.025),
        ({"retrying": 19}, 0.025),
        ({"active": 0, "retrying": 2}, 0.025),
    ],
)
def test_the_wait(change: dict[str, Any], seconds: float) -> None:
    assert retry(backoff={"jitter": "none"}).wait(request(), FAILED._replace(**change)) == seconds


def test_full_jitter_is_any_part_of_the_wait_and_the_same_when_asked_again() -> None:
    rule = retry()
    waits = []
    for number in range(1000):
        asked = request()
        asked.decision = b"%016x" % number
        first = rule.wait(asked, FAILED)
        assert first == rule.wait(asked, FAILED)
        assert first is not None
        waits.append(first)
    assert 0 <= min(waits) < 0.001
    assert 0.024 < max(waits) <= 0.025


@given(
    share=st.integers(0, 100),
    at_least=st.integers(1, 10),
    arrivals=st.lists(st.booleans(), max_size=300),
)
def test_never_more_than_the_budget_is_tried_again(
    share: int, at_least: int, arrivals: list[bool]
) -> None:
    """Each arrival begins a request, which fails at once, or ends one that is tried again."""
    rule = retry(budget={"at_most": f"{share}%", "at_least": at_least})
    active = retrying = 0
    for begins in arrivals:
        if begins:
            active += 1
            failed = FAILED._replace(active=active, retrying=retrying)
            allowed = max(at_least, share / 100 * active)
            if rule.wait(request(), failed) is not None:
                retrying += 1
                assert retrying < allowed + 1
            else:
                assert retrying >= allowed
        elif retrying:
            retrying -= 1
            active -= 1


def test_counts_go_on_over_a_reload() -> None:
    before, after = retry(), retry(at_most=3)
    before.ended(well=True)
    before.ended(well=False)
    before.wait(request(), FAILED._replace(replayable=False))
    after.adopt(before, 1.0)
    after.ended(well=True)
    assert readings(after) == {
        "success": 2, "failure": 1, "budget_exhausted": 0, "deadline_too_near": 0,
        "body_not_kept": 1,
    }  # fmt: skip


def test_an_answer_that_is_not_wanted_is_a_failure() -> None:
    rule = retry()
    assert [rule.is_failure(status) for status in (200, 429, 500, 503)] == [
        False, True, False, True,
    ]  # fmt: skip


def test_it_is_no_gate_and_looks_at_what_the_upstream_asks_for() -> None:
    assert Retry.stage is Stage.RETRY
    spec = RetrySpec.model_validate(
        {"name": "a", "on": "reset", "only_with_header": "X-Key", "match": {"header": {"X-A": "1"}}}
    )
    assert spec.response_fields() == (b"retry-after",)
    assert [use.name for use in spec.headers_used()] == ["x-a", "x-key"]


@pytest.mark.parametrize(
    "fields",
    [
        {"on": []},
        {"at_most": 11},
        {"at_most": 0},
        {"budget": {"of": "all"}},
        {"hedge_after": "p95"},
    ],
)
def test_a_mistake_is_told(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        retry(**fields)
