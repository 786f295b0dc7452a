from __future__ import annotations

from hypothesis import given

from sidecar.telemetry.decided import decision_attributes, decisions_of, sentence, told_by
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.record import ExchangeRecord
from tests.telemetry.exchanges import EACH_USER, FALLBACK, PLAIN, REFUSED, SHADOW_HIT, any_record
from tests.telemetry.records import make_record


def test_what_only_waited_is_no_decision_to_tell() -> None:
    waited = Evidence(None, (Finding(EACH_USER, Said.PARKED, {}),))
    assert decisions_of(make_record(evidence=waited)) == []
    assert decisions_of(PLAIN) == []


def test_a_fallback_is_told_with_the_step_that_answered() -> None:
    *_, applied = decisions_of(FALLBACK)
    told = decision_attributes(FALLBACK, applied)
    assert told["sidecar.fallback.step"] == "1-static"
    assert told["sidecar.rule.source"] == "shop.rules.yaml:60"


def test_sentences() -> None:
    said = [
        sentence(one, found)
        for one in (REFUSED, SHADOW_HIT, FALLBACK)
        for found in decisions_of(one)
    ]
    assert said == [
        "POST orders refused by rate_limits/each-user: over 5/s, 10 at once",
        "GET orders would be refused by access/bots: on its deny list by user-agent",
        "GET orders refused by breakers/inventory: it is open (slow_ratio), next probe in 4s",
        "GET orders answered instead by fallbacks/unknown-stock: breaker_open",
    ]


def test_the_client_is_told_to_wait_as_long_as_the_slowest_limit_wants() -> None:
    (refused,) = decisions_of(REFUSED)
    assert told_by(REFUSED, refused) == ("rate_limited", 0.48)


def test_a_shadow_rule_gives_no_reason() -> None:
    finding = Finding(EACH_USER, Said.WOULD_REFUSE, {"retry_after": 2.5})
    assert told_by(make_record(), finding) == ("", 2.5)


@given(any_record())
def test_there_is_one_for_each_rule_that_acted(record: ExchangeRecord) -> None:
    found = decisions_of(record)
    for one in found:
        assert sentence(record, one)
        assert decision_attributes(record, one)["sidecar.decision.outcome"] in {
            "refused",
            "applied",
        }
