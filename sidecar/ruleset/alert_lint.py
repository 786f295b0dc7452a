"""What alerts (`alerts`) that are right in themselves probably do not mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.alert_checks import LOAD_KINDS
from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alert_values import Burn
from sidecar.ruleset.alerts_of_objectives import USUAL_PAGES, BurnRateSpec
from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.places import Places
from sidecar.ruleset.schema import RuleFile

#: Kinds about what enforced rules do, and the field and the section that name them.
_OF_SECTION: Final = {
    "breaker_open": ("breaker", "breakers"),
    "degraded_share": ("fallback", "fallbacks"),
    "fallback_failing": ("fallback", "fallbacks"),
    "retries_skipped": ("retry", "retries"),
    "keys_forgotten": ("limit", "rate_limits"),
}
#: Gates: rules that can refuse.
REFUSING: Final = ("access", "faults", "rate_limits", "overload", "concurrency", "breakers")
_LEAVE_OUT: Final = "leave this alert out"
#: Seconds. Growth is seen between two scrapes, and few servers scrape more often than each 15.
_TWO_SCRAPES: Final = 30.0


def lint_alerts(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Warnings about `alerts`."""
    for index, spec in enumerate(file.alerts or ()):
        path: Path = ("alerts", index)
        yield from _about_rules(file, path, spec, place)
        yield from _about_nothing(file, path, spec, place)
        yield from _unseen(file, path, spec, place)
        yield from _too_short(path, spec, place)
        if isinstance(spec, BurnRateSpec):
            yield from _unreachable(file, path, spec, place)
            yield from _wakes_nobody(file, path, spec, place)
    if file.alerts is None:
        yield from _wakes_nobody(file, None, None, place)


def _about_rules(
    file: RuleFile, path: Path, spec: AlertSpec, place: Places
) -> Iterator[Diagnostic]:
    """Rules that are named, and do not do what the alert waits for."""
    field, section = _OF_SECTION.get(spec.kind, ("rule", ""))
    for index, name in enumerate(getattr(spec, field, ())):
        rule = rule_called(file, name if field == "rule" else f"{section}/{name}")
        problem, hint = _silence(spec, rule)
        if problem:
            where = (*path, field, index)
            where = where if place.document.has(where) else (*path, field)
            message = f"'{spec.name}' never fires: {name} {problem}"
            yield place.value("never-fires", where, message, hint)


def _silence(spec: AlertSpec, rule: RuleSpec) -> tuple[str, str]:
    """Why such an alert about this rule never fires, and what to do; empty where it may."""
    if rule.mode is Mode.DISABLED:
        return "is disabled", _LEAVE_OUT
    if spec.kind == "shadow_share":
        enforced = rule.mode is Mode.ENFORCE
        return ("acts", "write kind: refused_share") if enforced else ("", "")
    if rule.mode is Mode.SHADOW:
        kinds = {"breaker_open", "refused_share", "shed_share"}
        hint = "write kind: shadow_share" if spec.kind in kinds else _LEAVE_OUT
        return "is in shadow mode", hint
    if spec.kind == "keys_forgotten" and not getattr(rule, "per", ()):
        return "has no keys to forget", "name a limit with per"
    return _no_refusal(spec, rule)


def _no_refusal(spec: AlertSpec, rule: RuleSpec) -> tuple[str, str]:
    if spec.kind == "refused_share" and rule.kind not in REFUSING:
        return "refuses nobody", _LEAVE_OUT
    return "", ""


def _about_nothing(
    file: RuleFile, path: Path, spec: AlertSpec, place: Places
) -> Iterator[Diagnostic]:
    """Kinds that are about whatever the file has, where it has nothing of the sort."""
    fields = ("breaker", "fallback", "retry", "limit", "rule", "slo", "upstream")
    if not any(getattr(spec, field, ()) for field in fields) and not has_subject(spec.kind, file):
        message = f"'{spec.name}' never fires: there is no {_SUBJECTS[spec.kind][0]}"
        yield place.value("never-fires", (*path, "kind"), message, _LEAVE_OUT)


def has_subject(kind: str, file: RuleFile) -> bool:
    """Whether a file has what a kind of alert is about when it names nothing."""
    _, is_there = _SUBJECTS.get(kind, ("", _always))
    return is_there(file)


def _always(_: RuleFile) -> bool:
    return True


def _any(*kinds: str, mode: Mode = Mode.ENFORCE) -> Callable[[RuleFile], bool]:
    def is_there(file: RuleFile) -> bool:
        return any(rule.mode is mode for kind in kinds for rule in getattr(file, kind))

    return is_there


def _backends(file: RuleFile) -> bool:
    told = file.telemetry
    return any(one is not None for one in (told.elasticsearch, told.otlp, told.files))


#: What kinds are about when they name nothing, and whether a file has that.
_SUBJECTS: Final[dict[str, tuple[str, Callable[[RuleFile], bool]]]] = {
    "burn_rate": ("objective", lambda file: bool(file.slo)),
    "budget_left": ("objective", lambda file: bool(file.slo)),
    "breaker_open": ("breaker that is enforced", _any("breakers")),
    "shed_share": ("rule of overload or concurrency that is enforced", _any(*LOAD_KINDS)),
    "refused_share": (
        "enforced rate limit without per",
        lambda file: any(not one.per and one.mode is Mode.ENFORCE for one in file.rate_limits),
    ),
    "shadow_share": ("rule in shadow mode", _any(*REFUSING, mode=Mode.SHADOW)),
    "degraded_share": ("fallback that is enforced", _any("fallbacks")),
    "fallback_failing": ("fallback that is enforced", _any("fallbacks")),
    "retries_skipped": ("rule of retries that is enforced", _any("retries")),
    "keys_forgotten": (
        "enforced rate limit with per",
        lambda file: any(one.per and one.mode is Mode.ENFORCE for one in file.rate_limits),
    ),
    "endpoints_down": (
        "upstream with health or eject",
        lambda file: any(one.health or one.eject for one in file.upstreams.values()),
    ),
    "lookups_failing": (
        "upstream with dns",
        lambda file: any(one.dns for one in file.upstreams.values()),
    ),
    "telemetry_behind": ("backend of telemetry", _backends),
    "exporter_down": ("backend of telemetry", _backends),
}


def _unseen(file: RuleFile, path: Path, spec: AlertSpec, place: Places) -> Iterator[Diagnostic]:
    """Upstreams that are named, and of which the alert can never know anything."""
    wanted = {
        "endpoints_down": ("has neither health nor eject", ("health", "eject")),
        "lookups_failing": ("is not found by a name", ("dns",)),
    }
    problem, fields = wanted.get(spec.kind, ("", ()))
    for index, name in enumerate(getattr(spec, "upstream", ()) if fields else ()):
        if not any(getattr(file.upstreams[name], field) for field in fields):
            where = (*path, "upstream", index)
            where = where if place.document.has(where) else (*path, "upstream")
            message = f"'{spec.name}' never fires: upstream {name} {problem}"
            yield place.value("never-fires", where, message, f"add {fields[0]}, or {_LEAVE_OUT}")


def _unreachable(
    file: RuleFile, path: Path, spec: BurnRateSpec, place: Places
) -> Iterator[Diagnostic]:
    """An objective with a large budget cannot be missed so many times too fast."""
    meant = [one for one in file.slo if spec.for_each is not None or one.name in spec.slo]
    for field in ("page", "ticket"):
        burns: tuple[Burn, ...] = getattr(spec, field) or ()
        for index, burn in enumerate(burns):
            for slo in meant:
                if not is_reachable(burn.factor, slo.target):
                    worst = 1 / (1 - slo.target)
                    message = f"{burn.factor:g}x never fires for '{slo.name}': when all requests "
                    message += f"are bad, its budget burns {worst:.3g} times too fast"
                    hint = f"write less than {worst:.3g}x"
                    yield place.value("never-fires", (*path, field, index), message, hint)


def _wakes_nobody(
    file: RuleFile, path: Path | None, spec: BurnRateSpec | None, place: Places
) -> Iterator[Diagnostic]:
    """Objectives whose usual pages can never be: of everything that fails there is but a ticket."""
    if spec is not None and spec.page is not None:
        return
    slowest = min(burn.factor for burn in USUAL_PAGES)
    for index, slo in enumerate(file.slo):
        meant = spec is None or spec.for_each is not None or slo.name in spec.slo
        if meant and not is_reachable(slowest, slo.target):
            worst = 1 / (1 - slo.target)
            message = f"nobody is woken for '{slo.name}': when all requests are bad, its budget "
            message += f"burns {worst:.3g} times too fast, and usual pages begin at {slowest:g}x"
            hint = f"write a page of less than {worst:.3g}x in its burn_rate, or page: []"
            where = ("slo", index, "target") if path is None else (*path, "name")
            yield place.value("never-fires", where, message, hint)


def _too_short(path: Path, spec: AlertSpec, place: Places) -> Iterator[Diagnostic]:
    """Windows in which there is but one scrape, or none: nothing grows in them."""
    looks: list[tuple[Path, float]] = []
    over: float | None = getattr(spec, "over", None)
    if over is not None:
        looks.append(((*path, "over"), over))
    if isinstance(spec, BurnRateSpec):
        looks += (
            ((*path, field, index), burn.short_seconds)
            for field in ("page", "ticket")
            for index, burn in enumerate(getattr(spec, field) or ())
        )
    for where, seconds in looks:
        if seconds < _TWO_SCRAPES:
            message = f"'{spec.name}' never fires where Prometheus scrapes less often than each "
            message += f"{seconds / 2:g}s: it counts what grows between two scrapes"
            yield place.value("never-fires", where, message, "look back at least 1m")


def is_reachable(factor: float, target: float) -> bool:
    """Whether a budget of ``1 - target`` can be used up ``factor`` times too fast at all."""
    return factor * (1 - target) < 1 - 1e-9


def rule_called(file: RuleFile, name: str) -> RuleSpec:
    """The rule ``KIND/NAME``, which is there."""
    kind, _, own = name.partition("/")
    rules: tuple[RuleSpec, ...] = getattr(file, kind)
    return next(rule for rule in rules if rule.name == own)
