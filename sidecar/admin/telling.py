"""Decisions as they are told: from the record of a request to what operators read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.admin.decided import Decision, Explanation, RuleSays, Told
from sidecar.admin.decisions import Wanted
from sidecar.admin.refusal import Refused
from sidecar.ruleset.controls import fits
from sidecar.telemetry.clock import moment, wall_offset
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable, split_target

#: What decisions may be asked for by, and what stands for it.
FILTERS: Final[Mapping[str, str]] = {
    "rule": "A glob over kind/name of the rule that refused, or would have.",
    "route": "The name of a route.",
    "outcome": "admitted, refused, failed, degraded, shadow or parked.",
    "status": "A status, or a class of them such as 5xx.",
    "client": "The client's address.",
    "method": "The request method.",
}
OUTCOMES: Final = ("admitted", "refused", "failed", "degraded", "shadow", "parked")
_DECISIVE: Final = frozenset({Said.REFUSED, Said.WOULD_REFUSE, Said.PARKED})


def outcome_of(record: ExchangeRecord) -> str:
    """What became of it, in a word."""
    if record.fallback:
        return "degraded"
    if record.rule:
        return "refused"
    return "failed" if record.reason or record.status >= 500 else "admitted"


def decision_of(record: ExchangeRecord) -> Decision:
    """A request as it is told; values in its query are not."""
    path, query = split_target(record.target)
    return Decision(
        id=readable(record.span_id),
        time=moment(record.started + wall_offset()),
        outcome=outcome_of(record),
        listener=record.listener,
        route=record.route,
        method=record.method,
        path=readable(path),
        query=readable(query),
        client=readable(record.client),
        status=record.status,
        reason=record.reason,
        rule=record.rule,
        fallback=record.fallback,
        would_refuse=list(record.shadow),
        upstream=record.upstream,
        endpoint=record.endpoint,
        attempts=record.attempts,
        seconds=round(record.seconds, 6),
        overhead_seconds=round(record.overhead_seconds, 6),
        trace_id=readable(record.trace_id),
        rules_version=record.version,
    )


def explanation_of(record: ExchangeRecord) -> Explanation:
    """A request with the numbers behind what the rules said."""
    evidence = record.evidence
    return Explanation(
        decision=decision_of(record),
        told=_told(evidence),
        rules=[]
        if evidence is None
        else [_says(one) for one in evidence.chain or evidence.decisive],
        complete=evidence is not None and bool(evidence.chain),
    )


def _told(evidence: Evidence | None) -> Told | None:
    reply = evidence.reply if evidence is not None else None
    if reply is None:
        return None
    return Told(
        status=reply.status, reason=reply.reason, detail=reply.detail, retry_after=reply.retry_after
    )


def _says(finding: Finding) -> RuleSays:
    rule = finding.rule
    return RuleSays(
        rule=rule.label,
        mode=rule.mode.value,
        said=finding.said.value,
        decisive=finding.said in _DECISIVE,
        facts=dict(finding.facts),
        source=rule.source,
        why=rule.why,
    )


def wanted_by(query: Mapping[str, str]) -> Wanted:
    """What a question asks for. Raises ``Refused`` for what cannot be asked."""
    tests = [test for name in FILTERS if (test := _test(name, query.get(name, ""))) is not None]

    def wanted(record: ExchangeRecord) -> bool:
        return all(test(record) for test in tests)

    return wanted


def _test(name: str, value: str) -> Wanted | None:
    if not value:
        return None
    plain = value.encode("utf-8", "replace")
    match name:
        case "rule":
            return lambda one: any(fits(value, label) for label in _rules(one))
        case "route":
            return lambda one: one.route == value
        case "client":
            return lambda one: one.client == plain
        case "method":
            return lambda one: one.method == value.upper()
        case "status":
            return _status_test(value)
        case _:
            return _outcome_test(value)


def _rules(record: ExchangeRecord) -> list[str]:
    """The rules that did something about it, or would have."""
    return [label for label in (record.rule, record.fallback, *record.shadow) if label]


def _status_test(value: str) -> Wanted:
    if len(value) == 3 and value[0].isdigit() and value[1:].lower() == "xx":
        first = int(value[0])
        return lambda one: one.status // 100 == first
    if len(value) <= 3 and value.isascii() and value.isdigit():
        number = int(value)
        return lambda one: one.status == number
    raise Refused(422, f"'{value}' is no status: write one such as 429, or a class such as 5xx")


def _outcome_test(value: str) -> Wanted:
    if value == "shadow":
        return lambda one: bool(one.shadow)
    if value == "parked":
        return _was_parked
    if value not in OUTCOMES:
        raise Refused(422, f"'{value}' is no outcome: write {' or '.join(OUTCOMES)}", OUTCOMES)
    return lambda one: outcome_of(one) == value


def _was_parked(record: ExchangeRecord) -> bool:
    evidence = record.evidence
    return evidence is not None and any(one.said is Said.PARKED for one in evidence.decisive)
