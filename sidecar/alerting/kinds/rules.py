"""Alerts about rules: breakers that are open, and what rules refuse or would refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.kinds.shares import too_large
from sidecar.alerting.site import Site
from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.alert_checks import LOAD_KINDS
from sidecar.ruleset.alert_entry import ShareAlertSpec
from sidecar.ruleset.alert_lint import REFUSING
from sidecar.ruleset.alerts_of_rules import (
    BreakerOpenSpec,
    RefusedShareSpec,
    ShadowShareSpec,
    ShedShareSpec,
)
from sidecar.telemetry.catalogue import DECISIONS
from sidecar.telemetry.promql import now, total
from sidecar.telemetry.rule_metrics import BREAKER_FORCED, BREAKER_STATE


def labels_of(rule: RuleSpec, mode: Mode = Mode.ENFORCE) -> dict[str, str]:
    """The labels by which metrics tell a rule from others."""
    return {"kind": rule.kind, "rule": rule.name, "mode": mode.value}


@kind(
    BreakerOpenSpec,
    "SidecarBreakerOpen",
    why="an upstream fails or is slow, and is left alone",
    first="Look at the upstream: `sidecar breaker` says what was counted and when it is tried "
    "again.",
    keep_seconds=60.0,
)
def breaker_open(spec: BreakerOpenSpec, site: Site) -> Iterator[Condition]:
    """One for each breaker; the value is at how many instances.

    Probing counts as open: most requests are refused, and a probe that fails opens it again.
    """
    named = site.rules_called(spec.breaker, "breakers")
    for rule in named if spec.breaker else site.rules_of("breakers"):
        labels = labels_of(rule)
        tripped = now(site.scope(BREAKER_STATE, **labels, state="=~open|half_open"))
        held = f"({now(site.scope(BREAKER_FORCED, **labels))} == 1)"
        expression = f"{total(f'{tripped} unless ignoring (state) {held}')} > 0"
        summary = f"breaker {rule.name} of {site.file.service} is open at "
        summary += "{{ $value }} of its instances"
        yield Condition(site.rule(rule), expression, summary)


def _refusing(
    spec: ShareAlertSpec, site: Site, rules: Iterable[RuleSpec], words: str, mode: Mode
) -> Iterator[Condition]:
    """One for each rule: of what it decided on, too much is refused.

    What waits for its turn is decided later, and counted then.
    """
    for rule in rules:
        labels = labels_of(rule, mode)
        refused = site.scope(DECISIONS, **labels, outcome="refused")
        decided = site.scope(DECISIONS, **labels, outcome="=~admitted|refused")
        subject = site.rule(rule)
        summary = f"{subject.name} of {site.file.service} {words} "
        summary += "{{ $value | humanizePercentage }} of what it governs"
        yield Condition(subject, too_large(spec, site, refused, (decided,)), summary)


@kind(
    ShedShareSpec,
    "SidecarShedding",
    why="there is more to do than can be done, and users are turned away",
    first="Add instances or CPU, or turn something off with `sidecar switch`; `sidecar top` shows "
    "who is shed.",
    keep_seconds=60.0,
)
def shed_share(spec: ShedShareSpec, site: Site) -> Iterator[Condition]:
    """One for each rule of `overload` and `concurrency`."""
    rules = site.rules_called(spec.rule) if spec.rule else site.rules_of(*LOAD_KINDS)
    return _refusing(spec, site, rules, "turns away", Mode.ENFORCE)


@kind(
    RefusedShareSpec,
    "SidecarRefusing",
    why="the rule turns away more than was expected of it",
    first="`sidecar top` shows whom it refuses. If it is wrong: `sidecar override RULE --mode "
    "shadow --for 10m`, then change the file.",
    keep_seconds=60.0,
)
def refused_share(spec: RefusedShareSpec, site: Site) -> Iterator[Condition]:
    """One for each rule."""
    usual = (one for one in site.file.rate_limits if not one.per and one.mode is Mode.ENFORCE)
    rules = site.rules_called(spec.rule) if spec.rule else usual
    return _refusing(spec, site, rules, "refuses", Mode.ENFORCE)


@kind(
    ShadowShareSpec,
    "SidecarShadowWouldRefuse",
    why="enforced as it is, the rule would turn users away",
    first="`sidecar tap --shadow` shows whom it would refuse: change it before it is enforced.",
    keep_seconds=600.0,
)
def shadow_share(spec: ShadowShareSpec, site: Site) -> Iterator[Condition]:
    """One for each rule."""
    usual = site.rules_of(*REFUSING, mode=Mode.SHADOW)
    rules = site.rules_called(spec.rule) if spec.rule else usual
    return _refusing(spec, site, rules, "would refuse", Mode.SHADOW)
