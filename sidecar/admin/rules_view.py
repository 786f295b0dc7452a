"""How the rules, and what operators hold in their hands, look at the moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

from sidecar.admin import answers as a
from sidecar.admin.inside import Inside
from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.proxy.clock import clock
from sidecar.ruleset.controls import Control, What
from sidecar.telemetry.clock import moment, wall_offset


def control_answer(
    control: Control, inside: Inside, *, beside_rule: bool = False
) -> a.ControlAnswer:
    """Something that is held by hand; beside a rule it does not name all the others again."""
    return a.ControlAnswer(
        what=control.what.value,
        target=control.target,
        setting=control.setting,
        until=moment(control.until + wall_offset()),
        seconds_left=round(max(control.until - clock(), 0.0), 3),
        by=control.by,
        why=control.why,
        rules=[] if beside_rule else _about(control, inside),
    )


def controls(inside: Inside, what: What | None = None) -> list[a.ControlAnswer]:
    """Everything that is held by hand, what was set last at the end."""
    return [control_answer(one, inside) for one in inside.live.controls.active(what)]


def rules(inside: Inside, section: str = "") -> list[a.RuleAnswer]:
    """Every rule of the file, or of one of its sections."""
    return [
        rule_answer(spec, inside.live.checked.document.span(path).line, inside)
        for path, spec in inside.live.file.rules
        if not section or spec.kind == section
    ]


def rule_answer(spec: RuleSpec, line: int, inside: Inside) -> a.RuleAnswer:
    """One rule, as it is written and as it stands."""
    live = inside.live
    name = (spec.kind, spec.name)
    label = f"{spec.kind}/{spec.name}"
    control = live.controls.on_rule(label)
    in_force = live.rules.rules.get(name)
    edge = spec.window.next_edge(time.time())
    return a.RuleAnswer(
        kind=spec.kind,
        name=spec.name,
        mode=(in_force.mode if in_force is not None else Mode.DISABLED).value,
        mode_in_file=spec.mode.value,
        override=(
            control_answer(control, inside, beside_rule=True) if control is not None else None
        ),
        resting=live.rules.is_resting(*name),
        next_edge=moment(edge) if edge < inf else None,
        source=f"{live.checked.document.name}:{line}",
        why=spec.why,
        labels=dict(spec.labels),
        upstreams=list(spec.upstream),
        counts=_counts(spec, inside),
        readings=readings(spec.kind, spec.name, inside),
    )


def readings(kind: str, name: str, inside: Inside) -> list[a.Reading]:
    """The numbers that a rule shows."""
    policy = inside.live.rules.policies.get((kind, name))
    shown = policy.readings(clock()) if policy is not None else ()
    return [a.Reading(name=one.name, value=_finite(one.value), label=one.label) for one in shown]


def breakers(inside: Inside) -> list[a.BreakerAnswer]:
    """Every breaker of the file."""
    forced = {one.target: one for one in inside.live.controls.active(What.BREAKER)}
    return [_breaker(one, forced.get(one.name), inside) for one in rules(inside, "breakers")]


def switches(inside: Inside) -> list[a.SwitchAnswer]:
    """Every switch of the file."""
    on = {one.target: one for one in inside.live.controls.active(What.SWITCH)}
    return [
        a.SwitchAnswer(
            name=name,
            on=name in on,
            control=control_answer(on[name], inside) if name in on else None,
        )
        for name in inside.live.file.switches
    ]


def _breaker(rule: a.RuleAnswer, forced: Control | None, inside: Inside) -> a.BreakerAnswer:
    shown = {one.name: one.value for one in rule.readings if not one.label}
    states = [one.label for one in rule.readings if one.name == "breaker_state" and one.value]
    return a.BreakerAnswer(
        name=rule.name,
        mode=rule.mode,
        state=states[0] if states else "closed",
        forced=control_answer(forced, inside) if forced is not None else None,
        next_probe_seconds=shown.get("breaker_next_probe_seconds", 0.0),
        error_ratio=shown.get("breaker_error_ratio"),
        slow_ratio=shown.get("breaker_slow_ratio"),
        openings=int(shown.get("breaker_openings", 0)),
        upstreams=rule.upstreams,
        source=rule.source,
    )


def _counts(spec: RuleSpec, inside: Inside) -> list[a.RuleCounts]:
    decisions = inside.meters.decisions
    return [
        a.RuleCounts(
            mode=mode.value,
            admitted=cell.admitted,
            refused=cell.refused,
            parked=cell.parked,
            applied=cell.applied,
        )
        for mode in Mode
        if (cell := decisions.get((spec.kind, spec.name, mode))) is not None
    ]


def _about(control: Control, inside: Inside) -> list[str]:
    """The rules that a control is about."""
    rules_of_file = [(f"{rule.kind}/{rule.name}", rule) for _, rule in inside.live.file.rules]
    tests: dict[What, Callable[[str, RuleSpec], bool]] = {
        What.OVERRIDE: lambda label, _: control.fits(label),
        What.BREAKER: lambda label, _: label == f"breakers/{control.target}",
        What.SWITCH: lambda _, rule: getattr(rule, "switch", None) == control.target,
    }
    is_about = tests[control.what]
    return [label for label, rule in rules_of_file if is_about(label, rule)]


def _finite(value: float) -> float:
    """JSON has no infinity."""
    return value if -inf < value < inf else 0.0
