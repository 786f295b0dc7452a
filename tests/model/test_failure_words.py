from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from sidecar.model import outcome as o
from sidecar.model.failure_words import Failures, parse_failure_word
from sidecar.model.outcome import Failure, Heard, Outcome, classify

DEFAULT = ("5xx", "timeout", "connect_failure", "reset")


def answered(status: int, failure: Failure | None = None) -> Outcome:
    """The upstream has answered so; it may be that something went wrong then."""
    return classify(status, 1.0, failure, local=False, heard=Heard(status, 0.5))


def failed(failure: Failure) -> Outcome:
    """There was no answer of the upstream's."""
    return classify(failure.status, 1.0, failure, local=False)


@pytest.mark.parametrize(
    "value, word",
    [("5xx", "5xx"), ("timeout", "timeout"), ("reset", "reset"), (503, "503"), ("429", "429"),
     ("connect_failure", "connect_failure"), (400, "400"), (599, "599")],
)  # fmt: skip
def test_words(value: object, word: str) -> None:
    assert parse_failure_word(value) == word


@pytest.mark.parametrize(
    "value, hint",
    [
        ("timeouts", "did you mean timeout?"),
        ("5XX", "did you mean 5xx?"),
        ("connect-failure", "did you mean connect_failure?"),
        ("4xx", "write 5xx, timeout, connect_failure, reset or a status from 400 to 599"),
        (399, "a status from 400 to 599"),
        (600, "a status"),
        (True, "a status"),
        (None, "a status"),
        ([], "a status"),
        ("²03", "a status"),
    ],
)
def test_other_words(value: object, hint: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_failure_word(value)
    assert caught.value.type == "unknown-word"
    assert caught.value.context is not None
    assert hint in caught.value.context["hint"]


@pytest.mark.parametrize(
    "outcome, words, judged",
    [
        (answered(200), DEFAULT, False),
        (answered(101), DEFAULT, False),
        (answered(304), DEFAULT, False),
        (answered(500), DEFAULT, True),
        (answered(503), DEFAULT, True),
        (answered(404), DEFAULT, None),
        (answered(429), DEFAULT, None),
        (answered(429), ("429",), True),
        (answered(404), ("429",), None),
        (answered(500), ("503",), False),
        (answered(503), ("503",), True),
        (answered(503), ("timeout",), False),
        (failed(o.PER_TRY_TIMEOUT), DEFAULT, True),
        (failed(o.REQUEST_TIMEOUT), ("timeout",), True),
        (failed(o.CONNECT_TIMEOUT), ("timeout",), True),
        (failed(o.CONNECT_TIMEOUT), ("connect_failure",), True),
        (failed(o.CONNECT_FAILURE), ("connect_failure",), True),
        (failed(o.TLS_FAILURE), ("connect_failure",), True),
        (failed(o.UPSTREAM_RESET), ("reset",), True),
        (failed(o.UPSTREAM_BAD_RESPONSE), ("reset",), True),
        (answered(200, o.UPSTREAM_TRUNCATED), ("reset",), True),
        (answered(200, o.IDLE_TIMEOUT), DEFAULT, True),
        # Our own 502 and 504 are not the upstream's.
        (failed(o.UPSTREAM_RESET), ("5xx", "502"), None),
        (failed(o.PER_TRY_TIMEOUT), ("5xx", "504"), None),
        # Nobody's fault over there.
        (answered(503, o.CLIENT_GONE), DEFAULT, None),
        (answered(200, o.CLIENT_STALLED), DEFAULT, None),
        (failed(o.CLIENT_GONE), DEFAULT, None),
        (failed(o.POOL_OVERFLOW), DEFAULT, None),
        (failed(o.NO_ENDPOINT), DEFAULT, None),
        (failed(o.DRAIN_EXPIRED), DEFAULT, None),
        (failed(o.INTERNAL_ERROR), DEFAULT, None),
        (classify(503, 1.0, None, local=True), DEFAULT, None),
        (classify(200, 1.0, None, local=True), DEFAULT, None),
        # A fallback's answer says nothing about the upstream that it stands in for.
        (classify(200, 1.0, None, local=False, heard=Heard(503, 0.5)), DEFAULT, True),
    ],
)
def test_what_is_a_failure(outcome: Outcome, words: tuple[str, ...], judged: bool | None) -> None:
    assert Failures(words).judge(outcome) is judged
