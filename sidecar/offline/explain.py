"""Says what every rule of a file makes of one request, and why, without running anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any, Final

from sidecar.model.policy import Mode, Stage
from sidecar.model.priority import WORDS
from sidecar.model.verdict import LocalReply, Park, Respond
from sidecar.offline.question import Question, arrive
from sidecar.offline.standing import Standing
from sidecar.proxy.chain import Passage, abandon, admit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.model.http import RequestHead
    from sidecar.model.policy import Facts, Key, Rule
    from sidecar.ruleset.routes import Chain, Clause, Route, RuleSet
    from sidecar.ruleset.schema import RuleFile

#: Any moment will do: rules know only how much time has passed.
_NOW: Final = 1000.0
#: A request's id, as the exchange gives it.
_DECISION: Final = b"%016x"


class Says(StrEnum):
    """What a rule says of a request."""

    ADMITS = "admits"
    REFUSES = "refuses"
    WAITS = "lets it wait"
    WOULD_REFUSE = "would refuse"
    WOULD_WAIT = "would let it wait"
    STANDS_BY = "stands by"
    NOT_CONCERNED = "not concerned"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says."""

    rule: Rule
    says: Says
    #: Why the rule is not concerned.
    because: str = ""
    facts: Facts = field(default_factory=dict)
    reply: LocalReply | None = None
    #: A rule above has refused the request already: it would not come here.
    is_moot: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is decided about a request before it is sent on."""

    method: str
    path: str
    client: str
    route: str
    upstream: str
    priority: str
    keys: dict[str, str]
    removed: tuple[str, ...]
    verdicts: tuple[RuleVerdict, ...]
    #: The number of this request among as many like it at the same moment.
    number: int = 1

    @property
    def decisive(self) -> RuleVerdict | None:
        """The rule that refuses it, or lets it wait; None when it goes on."""
        stopping = (Says.REFUSES, Says.WAITS)
        return next(
            (one for one in self.verdicts if one.says in stopping and not one.is_moot), None
        )


def explain(
    file: RuleFile,
    rules: RuleSet,
    keys: Mapping[str, Key],
    question: Question,
    *,
    number: int = 1,
) -> Explanation:
    """Ask every rule about the last of ``number`` such requests that come all at once.

    Raises ``NoSuchRequest`` for what is refused before any rule is asked.
    """
    for before in range(number - 1):
        _send(rules, question, before)
    arrived = arrive(question, rules)
    request = arrived.request
    request.decision = _DECISION % number
    route = arrived.peer.find_route(request)
    chain = _chain_of(rules, route, request)
    return Explanation(
        method=request.method,
        path=request.path.decode("utf-8", "replace"),
        client=request.client.decode("utf-8", "replace"),
        route=route.name,
        upstream=route.cluster.name,
        priority=WORDS[request.priority],
        keys={name: key.read(request).decode("utf-8", "replace") for name, key in keys.items()},
        removed=arrived.removed,
        verdicts=tuple(_verdicts(Standing(file, route, keys), rules, chain, request)),
        number=number,
    )


def _send(rules: RuleSet, question: Question, number: int) -> None:
    """Let a request go its way through the rules."""
    arrived = arrive(question, rules)
    request = arrived.request
    request.decision = _DECISION % number
    route = arrived.peer.find_route(request)
    passage = Passage()
    admit(_chain_of(rules, route, request), request, passage, _NOW)
    abandon(passage, request)


def _chain_of(rules: RuleSet, route: Route, request: RequestHead) -> Chain:
    if request.path in rules.listeners["inbound"].probes:
        return rules.probe_chain
    return route.chain if route.chain_for is None else route.chain_for(request)


def _verdicts(
    standing: Standing, rules: RuleSet, chain: Chain, request: RequestHead
) -> list[RuleVerdict]:
    clauses: dict[str, Clause[Any]] = {
        clause.label: clause
        for clause in (*chain.enforced, *chain.shadow, *chain.retries, *chain.fallbacks)
    }
    found: list[RuleVerdict] = []
    refused = False
    for rule in rules.rules.values():
        clause = clauses.get(rule.label)
        if rules.is_resting(rule.kind, rule.name) and rule.mode is not Mode.DISABLED:
            verdict = RuleVerdict(rule, Says.NOT_CONCERNED, _why_it_rests(rules, rule))
        else:
            verdict = _verdict(standing, rule, clause, request, is_moot=refused)
        refused = refused or verdict.says is Says.REFUSES
        found.append(verdict)
    return found


def _why_it_rests(rules: RuleSet, rule: Rule) -> str:
    edge = rules.windows[rule.kind, rule.name].next_edge(rules.settled_at)
    if edge == inf:
        return "its time is over"
    return f"it rests until {datetime.fromtimestamp(edge, UTC):%Y-%m-%d %H:%M} UTC"


def _verdict(
    standing: Standing,
    rule: Rule,
    clause: Clause[Any] | None,
    request: RequestHead,
    *,
    is_moot: bool,
) -> RuleVerdict:
    if rule.mode is Mode.DISABLED:
        return RuleVerdict(rule, Says.DISABLED)
    if clause is None or (clause.matches is not None and not clause.matches(request)):
        return RuleVerdict(rule, Says.NOT_CONCERNED, standing.why_not(rule, request))
    policy = clause.policy
    if policy.stage >= Stage.RETRY:
        return RuleVerdict(rule, Says.STANDS_BY, is_moot=is_moot)
    shadow = rule.mode is Mode.SHADOW
    verdict = policy.peek(request, _NOW)
    facts = policy.facts(request, _NOW)
    if isinstance(verdict, Respond):
        says = Says.WOULD_REFUSE if shadow else Says.REFUSES
        facts = {**facts, **verdict.reply.facts}
        return RuleVerdict(rule, says, "", facts, verdict.reply, is_moot)
    if isinstance(verdict, Park):
        policy.leave(request, verdict.place)
        facts = {**facts, "waits_at_most": verdict.until - _NOW}
        says = Says.WOULD_WAIT if shadow else Says.WAITS
        return RuleVerdict(rule, says, "", facts, None, is_moot)
    return RuleVerdict(rule, Says.ADMITS, "", facts, None, is_moot)
