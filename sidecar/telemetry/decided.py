"""What was decided about a request: by which rule, why, and with which numbers."""

from __future__ import annotations

from math import isfinite
from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.decision_words import because
from sidecar.telemetry.evidence import Finding, Said
from sidecar.telemetry.findings import fact_attributes, outcome_of, rule_attributes
from sidecar.telemetry.metrics import method_label
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.signals import AttributeValue

#: So much of the request is told with a decision; the access log has the rest.
OF_REQUEST: Final = tuple(
    one.name
    for one in (
        a.METHOD, a.PATH, a.ROUTE, a.STATUS, a.CLIENT_ADDRESS, a.LISTENER, a.PRIORITY,
        a.RULES_VERSION,
    )
)  # fmt: skip
#: The fact that says when to come back; each decision tells it once.
_WAIT: Final = "retry_after"
# Enums are compared by identity here: hashing one takes longer than all the rest.
_REFUSED: Final = Said.REFUSED
_WOULD_REFUSE: Final = Said.WOULD_REFUSE
_APPLIED: Final = Said.APPLIED


def decisions_of(record: ExchangeRecord) -> list[Finding]:
    """What refused it, what would have, and what answered in its place; often nothing.

    A rule that only let it wait is not among them.
    """
    evidence = record.evidence
    found = []
    if evidence is not None:
        found = [one for one in evidence.decisive if how(one)]
    if record.applied is not None:
        found.append(record.applied)
    return found


def how(finding: Finding) -> str:
    """What was done, in words; empty when it is not worth a line."""
    said = finding.said
    if said is _REFUSED:
        return "refused by"
    if said is _WOULD_REFUSE:
        return "would be refused by"
    return "answered instead by" if said is _APPLIED else ""


def sentence(record: ExchangeRecord, finding: Finding) -> str:
    """Who refused what, and why, in words."""
    rule = finding.rule
    why = record.reason if finding.said is _APPLIED else because(rule.kind, finding.facts)
    by = f"{method_label(record.method)} {record.route} {how(finding)} {rule.kind}/{rule.name}"
    return f"{by}: {why}" if why else by


def told_by(record: ExchangeRecord, finding: Finding) -> tuple[str, float | None]:
    """Why, in a word of the reasons, and after how many seconds the client may come back.

    A shadow rule has no reason, and its wait is what it would have told.
    """
    reply = record.evidence.reply if record.evidence is not None else None
    if reply is not None and finding.said is _REFUSED:
        return reply.reason, reply.retry_after
    wait = finding.facts.get(_WAIT)
    reason = record.reason if finding.said is _APPLIED else ""
    return reason, wait if isinstance(wait, float) and isfinite(wait) else None


def decision_attributes(record: ExchangeRecord, finding: Finding) -> dict[str, AttributeValue]:
    """The rule, the outcome and the numbers by their names in the catalogue."""
    told = {
        a.OUTCOME.name: outcome_of(finding),
        **rule_attributes(finding.rule),
        **fact_attributes(finding.facts),
    }
    reason, wait = told_by(record, finding)
    if reason:
        told[a.REASON.name] = reason
    if wait is not None:
        told[a.RETRY_AFTER.name] = wait
    return told
