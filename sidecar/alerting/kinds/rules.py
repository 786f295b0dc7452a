"""Alerts about rules: what they refuse, stand in for or forget, and who holds them by hand."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.alerts_of_rules import BreakerOpenSpec, ControlActiveSpec, RulesRefusedSpec
from sidecar.telemetry.catalogue import CONTROLS, FILES_REFUSED, RELOAD_SUCCESSFUL
from sidecar.telemetry.promql import highest, now, total
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


@kind(
    RulesRefusedSpec,
    "SidecarRulesRefused",
    why="what was pushed is not in force, and a restart would end with this file",
    first="`sidecar check` the file that was pushed, mend it, and push it again.",
)
def rules_refused(spec: RulesRefusedSpec, site: Site) -> Iterator[Condition]:
    """One; the value is at how many instances."""
    refused = f"{now(site.scope(RELOAD_SUCCESSFUL))} == 0"
    files = f"{now(site.scope(FILES_REFUSED))} > 0"
    summary = f"{{{{ $value }}}} sidecars of {site.file.service} obey older rules than their files"
    yield Condition(site.here, f"count({refused} or {files}) > 0", summary)


@kind(
    ControlActiveSpec,
    "SidecarControlActive",
    why="what is held by hand is what no rule file shows",
    first="`sidecar status` says who holds what and why: lift it, or put it into the rule file.",
)
def control_active(spec: ControlActiveSpec, site: Site) -> Iterator[Condition]:
    """One for each sort of control: override, switch, breaker."""
    expression = f"{highest(now(site.scope(CONTROLS)), ('control',))} > 0"
    summary = f"somebody holds {{{{ $value }}}} of {site.file.service} by hand: "
    summary += "{{ $labels.control }}"
    yield Condition(site.here, expression, summary)
