"""What is logged of a decision: the data of its log record, flat as all lines are.

A flood of refusals is when most of these are written: the facts that a kind of rule tells make
a form of line of their own, which is filled in and encoded as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from sidecar.model.policy import Facts, Mode
from sidecar.model.priority import WORDS
from sidecar.telemetry import attributes as a
from sidecar.telemetry.decided import decisions_of, sentence, told_by
from sidecar.telemetry.evidence import Finding
from sidecar.telemetry.findings import FACTS, labels_of, outcome_of
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.request_line import INFO, RequestLine

_DECISION: Final = a.DECISION.name
#: The one number of which a rule may say that it does not know it.
_MAY_BE_UNKNOWN: Final = "cpu"
_UNKNOWN: Final = "unknown"
_ENFORCE: Final = Mode.ENFORCE.value
_SHADOW: Final = Mode.SHADOW.value


class DecisionLine(
    msgspec.Struct,
    omit_defaults=True,
    gc=False,
    rename={
        "time": a.TIME.name,
        "severity": a.SEVERITY.name,
        "event_name": a.EVENT_NAME.name,
        "service": a.SERVICE.name,
        "body": a.BODY.name,
        "trace_id": a.TRACE_ID.name,
        "span_id": a.SPAN_ID.name,
        "trace_flags": a.TRACE_FLAGS.name,
        "listener": a.LISTENER.name,
        "client": a.CLIENT_ADDRESS.name,
        "method": a.METHOD.name,
        "path": a.PATH.name,
        "route": a.ROUTE.name,
        "status": a.STATUS.name,
        "priority": a.PRIORITY.name,
        "rules_version": a.RULES_VERSION.name,
        "outcome": a.OUTCOME.name,
        "rule_kind": a.RULE_KIND.name,
        "rule_name": a.RULE_NAME.name,
        "rule_mode": a.RULE_MODE.name,
        "rule_source": a.RULE_SOURCE.name,
        "rule_why": a.RULE_WHY.name,
        "rule_labels": a.RULE_LABELS.name,
        "reason": a.REASON.name,
        "retry_after": a.RETRY_AFTER.name,
    },
):
    """A decision as it is logged, but for the numbers of its rule."""

    time: datetime
    severity: str
    event_name: str
    service: str
    body: str
    trace_id: str = ""
    span_id: str = ""
    trace_flags: str = ""
    listener: str = ""
    client: str = ""
    method: str = ""
    path: str = ""
    route: str = ""
    status: int = 0
    priority: str = ""
    rules_version: str = ""
    outcome: str = ""
    rule_kind: str = ""
    rule_name: str = ""
    rule_mode: str = ""
    rule_source: str = ""
    rule_why: str = ""
    rule_labels: list[str] = msgspec.field(default_factory=list)
    reason: str = ""
    retry_after: float | None = None


class _Form(NamedTuple):
    """How a line with these facts is made."""

    line: Callable[..., DecisionLine]
    pick: Callable[[Facts], tuple[object, ...]]


def decision_lines(record: ExchangeRecord, line: RequestLine) -> list[DecisionLine]:
    """A line for each decision about a request; ``line`` is the request's own."""
    return [_line(record, one, line) for one in decisions_of(record)]


def _line(record: ExchangeRecord, finding: Finding, line: RequestLine) -> DecisionLine:
    rule, facts = finding.rule, finding.facts
    reason, wait = told_by(record, finding)
    form = _form(*facts)
    return form.line(
        line.time,
        INFO,
        _DECISION,
        line.service,
        sentence(record, finding),
        line.trace_id,
        line.span_id,
        line.trace_flags,
        line.listener,
        line.client,
        line.method,
        line.path,
        line.route,
        line.status,
        WORDS[record.priority],
        line.rules_version,
        outcome_of(finding),
        rule.kind,
        rule.name,
        _SHADOW if rule.mode is Mode.SHADOW else _ENFORCE,
        rule.source,
        rule.why,
        labels_of(rule) if rule.labels else [],
        reason,
        wait,
        *form.pick(facts),
    )


@lru_cache(maxsize=1024)
def _form(*names: str) -> _Form:
    """The form of lines with these facts: closed sets, one for each kind and state of a rule."""
    told = [name for name in names if name in FACTS]
    if not told:
        return _Form(DecisionLine, _nothing)
    line: Any = msgspec.defstruct(
        "DecisionLine",
        [(f"fact_{name}", object, None) for name in told],
        bases=(DecisionLine,),
        rename={f"fact_{name}": FACTS[name].name for name in told},
        omit_defaults=True,
        gc=False,
    )
    return _Form(line, _picking(told))


def _picking(names: list[str]) -> Callable[[Facts], tuple[object, ...]]:
    if len(names) == 1:
        (name,) = names
        return lambda facts: (facts[name],)
    return _known(itemgetter(*names)) if _MAY_BE_UNKNOWN in names else itemgetter(*names)


def _known(pick: Callable[[Facts], tuple[object, ...]]) -> Callable[[Facts], tuple[object, ...]]:
    """Leaves out a number that is not known."""
    return lambda facts: tuple([None if one == _UNKNOWN else one for one in pick(facts)])


def _nothing(_: Facts) -> tuple[object, ...]:
    return ()
