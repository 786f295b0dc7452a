"""Makes log records of what has happened: a request, a decision, an event of the sidecar's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sidecar.model.policy import Facts, Rule
from sidecar.telemetry import attributes as a
from sidecar.telemetry.decision_words import because
from sidecar.telemetry.declaration import Severity
from sidecar.telemetry.evidence import Finding, Said
from sidecar.telemetry.exchange_attributes import (
    exchange_attributes,
    milliseconds,
    nanoseconds,
    since,
)
from sidecar.telemetry.findings import (
    APPLIED,
    PARKED,
    fact_attributes,
    outcome_of,
    rule_attributes,
)
from sidecar.telemetry.metrics import method_label
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable, split_target
from sidecar.telemetry.signals import AttributeValue, LogRecord

INFO: Final = Severity.INFO.value
ERROR: Final = Severity.ERROR.value


def access_log_record(record: ExchangeRecord, offset: float) -> LogRecord:
    """What is logged of a request that has ended.

    ``offset`` is added to monotonic seconds to get those since 1970.
    """
    told = exchange_attributes(record)
    told[a.DURATION.name] = milliseconds(record.seconds)
    return LogRecord(
        at=since(record, record.started, offset),
        observed=_end(record, offset),
        severity=ERROR if record.status >= 500 else INFO,
        event_name=a.REQUEST.name,
        body=_in_a_sentence(record),
        attributes=told,
        trace_id=readable(record.trace_id),
        span_id=readable(record.span_id),
        flags=int(record.sampled),
    )


def decision_log_records(record: ExchangeRecord, offset: float) -> list[LogRecord]:
    """One for the rule that refused, each shadow rule that would have, and a fallback's answer."""
    return [
        LogRecord(
            at=since(record, record.started, offset),
            observed=_end(record, offset),
            severity=INFO,
            event_name=a.DECISION.name,
            body=body,
            attributes=told,
            trace_id=readable(record.trace_id),
            span_id=readable(record.span_id),
            flags=int(record.sampled),
        )
        for body, told in _decisions(record)
    ]


def event_log_record(
    at: float, name: str, severity: str, text: str, attributes: Mapping[str, AttributeValue]
) -> LogRecord:
    """Something that has happened to the sidecar at ``at``, in seconds since 1970."""
    moment = nanoseconds(at)
    return LogRecord(moment, moment, severity, name, text, attributes)


def _end(record: ExchangeRecord, offset: float) -> int:
    return since(record, record.started + record.seconds, offset)


def _in_a_sentence(record: ExchangeRecord) -> str:
    path = readable(split_target(record.target)[0])
    how = f"was answered {record.status}" if record.status else "was not answered"
    why = f": {record.reason}" if record.reason else ""
    return f"{method_label(record.method)} {path} {how} in {record.seconds * 1000:.3g}ms{why}"


# --- decisions


def _decisions(record: ExchangeRecord) -> Iterator[tuple[str, dict[str, AttributeValue]]]:
    evidence = record.evidence
    for finding in evidence.decisive if evidence is not None else ():
        outcome = outcome_of(finding)
        if outcome and outcome != PARKED:
            yield _refusal(record, finding, outcome)
    if record.fallback:
        yield _degradation(record)


def _refusal(
    record: ExchangeRecord, finding: Finding, outcome: str
) -> tuple[str, dict[str, AttributeValue]]:
    rule, facts = finding.rule, finding.facts
    told = {**_request(record), a.OUTCOME.name: outcome, **rule_attributes(rule)}
    told |= fact_attributes(facts)
    reply = record.evidence.reply if record.evidence is not None else None
    if finding.said is Said.REFUSED and reply is not None:
        told[a.REASON.name] = reply.reason
        if reply.retry_after is not None:
            told[a.RETRY_AFTER.name] = reply.retry_after
    how = "refused" if finding.said is Said.REFUSED else "would be refused"
    return _sentence(record, how, rule, facts), told


def _degradation(record: ExchangeRecord) -> tuple[str, dict[str, AttributeValue]]:
    kind, _, name = record.fallback.partition("/")
    told = {
        **_request(record),
        a.OUTCOME.name: APPLIED,
        a.RULE_KIND.name: kind,
        a.RULE_NAME.name: name,
        a.RULE_MODE.name: "enforce",
        a.FALLBACK.name: record.fallback,
        a.REASON.name: record.reason,
    }
    method, route = method_label(record.method), record.route
    return f"{method} {route} answered by {record.fallback} instead: {record.reason}", told


def _request(record: ExchangeRecord) -> dict[str, AttributeValue]:
    """So much of the request as tells whose it was; the access log has the rest."""
    told = exchange_attributes(record)
    return {name: told[name] for name in _OF_REQUEST if name in told}


_OF_REQUEST: Final = tuple(
    one.name
    for one in (
        a.METHOD, a.SCHEME, a.PATH, a.ROUTE, a.STATUS, a.SERVER_ADDRESS, a.CLIENT_ADDRESS,
        a.LISTENER, a.UPSTREAM, a.PRIORITY, a.RULES_VERSION, a.REASON, a.WOULD_REFUSE,
    )
)  # fmt: skip


def _sentence(record: ExchangeRecord, how: str, rule: Rule, facts: Facts) -> str:
    why = because(rule.kind, facts)
    by = f"{method_label(record.method)} {record.route} {how} by {rule.label}"
    return f"{by}: {why}" if why else by
