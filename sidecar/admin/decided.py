"""The shapes of decisions, and of what explains them."""

from __future__ import annotations

from datetime import datetime

from sidecar.admin.answers import Answer


class RuleSays(Answer):
    """What one rule said of a request."""

    rule: str
    mode: str
    #: ``admitted``, ``refused``, ``parked``, ``would_admit``, ``would_refuse``, ``not_asked``.
    said: str
    decisive: bool
    facts: dict[str, str | float]
    source: str
    why: str


class Told(Answer):
    """What the client was answered by a rule."""

    status: int
    reason: str
    detail: str
    retry_after: float | None


class Decision(Answer):
    """One request, and what became of it."""

    id: str
    time: datetime
    #: ``admitted``, ``refused``, ``failed``, or ``degraded`` where a fallback answered.
    outcome: str
    listener: str
    route: str
    method: str
    path: str
    query: str
    client: str
    status: int
    #: A word of the reasons in docs/telemetry.md; empty for an answer of the upstream.
    reason: str
    #: ``kind/name`` of the rule that refused.
    rule: str
    #: ``kind/name`` of the fallback that answered; ``reason`` says for what.
    fallback: str
    #: ``kind/name`` of shadow rules that would have refused.
    would_refuse: list[str]
    upstream: str
    endpoint: str
    attempts: int
    seconds: float
    overhead_seconds: float
    trace_id: str
    rules_version: str


class Explanation(Answer):
    """A decision with the numbers behind it."""

    decision: Decision
    told: Told | None
    #: Every rule that the request had to do with, in their order.
    rules: list[RuleSays]
    #: Whether the rules beside the decisive ones were asked for their numbers: under attack that
    #: is done for some requests a second only, and for those that pass not at all.
    complete: bool


class DecisionList(Answer):
    """Decisions, the latest first."""

    decisions: list[Decision]
