from __future__ import annotations

import pytest

from sidecar.admin.refusal import Refused
from sidecar.admin.telling import decision_of, explanation_of, outcome_of, wanted_by
from sidecar.model.policy import Mode, Rule
from sidecar.model.verdict import LocalReply
from sidecar.telemetry.evidence import Evidence, Finding, Said
from tests.telemetry.records import make_record

EACH = Rule("rate_limits", "each", Mode.ENFORCE, "shop.yaml:9", "fair shares")
GHOST = Rule("rate_limits", "ghost", Mode.SHADOW, "shop.yaml:10")
REFUSED = make_record(
    rule="rate_limits/each",
    status=429,
    reason="rate_limited",
    evidence=Evidence(
        LocalReply(429, "rate_limited", "Too many requests.", 1.5),
        (Finding(EACH, Said.REFUSED, {"available": 0.2}),),
    ),
)
SHADOWED = make_record(
    shadow=("rate_limits/ghost",),
    evidence=Evidence(
        None,
        (Finding(GHOST, Said.WOULD_REFUSE, {}),),
        (Finding(EACH, Said.ADMITTED, {"available": 3.0}), Finding(GHOST, Said.WOULD_REFUSE, {})),
    ),
)
WAITED = make_record(evidence=Evidence(None, (Finding(EACH, Said.PARKED, {}),)), method="POST")
FAILED = make_record(status=504, reason="request_timeout", client=b"unix")
PLAIN = make_record(route="other")
STOOD_IN = make_record(fallback="fallbacks/stock", reason="breaker_open", rule="breakers/app")
ALL = {
    "refused": REFUSED, "shadowed": SHADOWED, "waited": WAITED, "failed": FAILED, "plain": PLAIN,
    "stood_in": STOOD_IN,
}  # fmt: skip


def test_values_in_a_query_are_not_told() -> None:
    decision = decision_of(make_record(target=b"/a?token=abc&b"))
    assert (decision.path, decision.query) == ("/a", "token=REDACTED&REDACTED")


def test_what_became_of_a_request() -> None:
    assert {name: outcome_of(one) for name, one in ALL.items()} == {
        "refused": "refused", "shadowed": "admitted", "waited": "admitted",
        "failed": "failed", "plain": "admitted", "stood_in": "degraded",
    }  # fmt: skip


def test_a_refusal_is_explained_with_its_numbers_and_what_the_client_was_told() -> None:
    explained = explanation_of(REFUSED)
    assert explained.told is not None
    assert (explained.told.status, explained.told.retry_after) == (429, 1.5)
    (says,) = explained.rules
    assert (says.rule, says.said, says.decisive) == ("rate_limits/each", "refused", True)
    assert (says.source, says.why, says.facts) == ("shop.yaml:9", "fair shares", {"available": 0.2})
    assert not explained.complete


def test_every_rule_is_told_where_it_was_asked() -> None:
    explained = explanation_of(SHADOWED)
    assert [(one.rule, one.decisive) for one in explained.rules] == [
        ("rate_limits/each", False), ("rate_limits/ghost", True),
    ]  # fmt: skip
    assert explained.complete
    assert explained.told is None


def test_of_what_passed_without_a_word_there_is_nothing_to_explain() -> None:
    explained = explanation_of(PLAIN)
    assert (explained.rules, explained.told, explained.complete) == ([], None, False)


@pytest.mark.parametrize(
    "query, expected",
    [
        ({}, {*ALL}),
        ({"outcome": "degraded"}, {"stood_in"}),
        ({"rule": "fallbacks/*"}, {"stood_in"}),
        ({"rule": "rate_limits/*"}, {"refused", "shadowed"}),
        ({"rule": "rate_limits/each"}, {"refused"}),
        ({"route": "other"}, {"plain"}),
        ({"status": "429"}, {"refused"}),
        ({"status": "5xx"}, {"failed"}),
        ({"status": "2XX", "method": "post"}, {"waited"}),
        ({"client": "unix"}, {"failed"}),
        ({"outcome": "refused"}, {"refused"}),
        ({"outcome": "failed"}, {"failed"}),
        ({"outcome": "shadow"}, {"shadowed"}),
        ({"outcome": "parked"}, {"waited"}),
        ({"outcome": "admitted", "route": "other"}, {"plain"}),
        ({"rule": "access/*"}, set()),
    ],
)
def test_filters(query: dict[str, str], expected: set[str]) -> None:
    wanted = wanted_by(query)
    assert {name for name, one in ALL.items() if wanted(one)} == expected


@pytest.mark.parametrize(
    "query, words",
    [
        ({"status": "x"}, "'x' is no status: write one such as 429"),
        ({"status": "٤"}, "is no status"),
        ({"status": "1" * 5000}, "is no status"),
        ({"outcome": "denied"}, "is no outcome: write admitted or refused"),
    ],
)
def test_filters_that_mean_nothing(query: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        wanted_by(query)
