"""One word for each reason, told apart by where it is counted."""

from __future__ import annotations

import re

import pytest

from sidecar.model import outcome
from sidecar.telemetry.declaration import Use
from sidecar.telemetry.reasons import OTHER, REASONS, reasons
from sidecar.wire import rejection
from tests.telemetry.written import words

FAILURES = [one for one in vars(outcome).values() if isinstance(one, outcome.Failure)]


def test_each_use_has_its_words_in_the_order_declared() -> None:
    order = [reason.name for reason in REASONS]
    for use in Use:
        found = reasons(use)
        assert found, use
        assert list(found) == sorted(found, key=order.index)
        assert set(found) == {one.name for one in REASONS if use in one.uses}


def test_every_reason_has_a_use_and_is_a_word() -> None:
    for reason in REASONS:
        assert reason.uses, reason.name
        assert re.fullmatch("[a-z]+(_[a-z]+)*", reason.name)
    assert OTHER not in {reason.name for reason in REASONS}


def test_every_failure_of_the_model_is_one() -> None:
    assert {failure.reason for failure in FAILURES} == set(reasons(Use.FAILURE))


def test_what_may_be_retried_is_a_reason_of_retries() -> None:
    retried = {one.reason for one in FAILURES if one.retry is not outcome.Retry.NEVER}
    assert retried <= set(reasons(Use.RETRY))


def test_what_keeps_a_connection_from_coming_about_can_be_retried() -> None:
    assert set(reasons(Use.CONNECT)) <= set(reasons(Use.RETRY))


def test_every_word_of_the_wire_is_a_reason_of_rejections() -> None:
    wire = {value for name, value in vars(rejection).items() if name.isupper()}
    assert wire
    assert wire <= set(reasons(Use.REJECTION))


@pytest.mark.parametrize(
    "carrier, position, keyword, uses",
    [
        ("Rejected", 1, "reason", {Use.REJECTION, Use.CONNECTION}),
        ("Failure", 1, "reason", {Use.FAILURE}),
        ("LocalReply", 1, "reason", {Use.REFUSAL}),
    ],
)
def test_every_reason_written_in_the_package_is_declared_for_its_use(
    carrier: str, position: int, keyword: str, uses: set[Use]
) -> None:
    # What an upstream sends can be rejected too; it is a failure then.
    written = words(carrier, position, keyword) - {outcome.UPSTREAM_BAD_RESPONSE.reason}
    assert written
    assert written <= {name for use in uses for name in reasons(use)}


def test_every_refusal_is_some_gates() -> None:
    assert set(reasons(Use.REFUSAL)) == words("LocalReply", 1, "reason")
