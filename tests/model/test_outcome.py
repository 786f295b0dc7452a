from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model import outcome
from sidecar.model.outcome import Failure, OutcomeClass, Retry, Source, classify

DECLARED = [value for value in vars(outcome).values() if isinstance(value, Failure)]

statuses = st.integers(100, 599)


@pytest.mark.parametrize(
    "status,verdict",
    [
        (200, OutcomeClass.SUCCESS),
        (304, OutcomeClass.SUCCESS),
        (399, OutcomeClass.SUCCESS),
        (400, OutcomeClass.IGNORED),
        (429, OutcomeClass.IGNORED),
        (499, OutcomeClass.IGNORED),
        (500, OutcomeClass.FAILURE),
        (503, OutcomeClass.FAILURE),
    ],
)
def test_what_a_status_of_the_upstream_says_about_it(status: int, verdict: OutcomeClass) -> None:
    assert classify(status, 0.1, None, local=False).verdict is verdict


@given(statuses)
def test_our_own_answers_never_count_for_or_against_the_upstream(status: int) -> None:
    assert classify(status, 0.1, None, local=True).verdict is OutcomeClass.IGNORED


@given(statuses, st.sampled_from(DECLARED), st.booleans())
def test_a_failure_is_counted_against_whose_fault_it_is(
    status: int, failure: Failure, local: bool
) -> None:
    verdict = classify(status, 0.1, failure, local=local).verdict
    blamed = failure.source is Source.UPSTREAM
    assert verdict is (OutcomeClass.FAILURE if blamed else OutcomeClass.IGNORED)


@given(statuses, st.floats(0, 60))
def test_status_and_time_are_passed_on(status: int, seconds: float) -> None:
    told = classify(status, seconds, None, local=False)
    assert (told.status, told.seconds, told.failure) == (status, seconds, None)


def test_reasons_are_unique() -> None:
    reasons = [failure.reason for failure in DECLARED]
    assert len(set(reasons)) == len(reasons)


def test_only_what_cannot_have_been_acted_on_is_always_retried() -> None:
    always = {failure.reason for failure in DECLARED if failure.retry is Retry.ALWAYS}
    assert always == {"connect_failure", "connect_timeout", "upstream_tls_failure"}


def test_statuses_say_whose_fault_it_is() -> None:
    for failure in DECLARED:
        # A gateway has no other word for a caller that gave it no time (RFC 9110, 15.6.5).
        client = failure.source is Source.DOWNSTREAM and failure.reason != "deadline_exceeded"
        assert (400 <= failure.status < 500) is client, failure
