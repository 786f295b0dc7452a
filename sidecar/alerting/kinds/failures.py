"""Alerts about what stands in for what fails: fallbacks, retries, and what limits forget."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.kinds.rules import labels_of
from sidecar.alerting.kinds.shares import grown, too_large
from sidecar.alerting.site import Site
from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.alerts_of_rules import (
    DegradedShareSpec,
    FallbackFailingSpec,
    KeysForgottenSpec,
    RetriesSkippedSpec,
)
from sidecar.telemetry.catalogue import SERVER_DURATION
from sidecar.telemetry.rule_metrics import (
    FALLBACK_ANSWERS,
    FALLBACK_TRIALS,
    RATE_LIMIT_EVICTIONS,
    RETRIES_SKIPPED,
    RETRY_RESULTS,
)


def _meant(site: Site, names: tuple[str, ...], section: str) -> Iterator[RuleSpec]:
    return site.rules_called(names, section) if names else site.rules_of(section)


@kind(
    DegradedShareSpec,
    "SidecarDegraded",
    why="users get less than they asked for",
    first="See what it stands in for: a breaker, an upstream that fails, or a switch that somebody "
    "has thrown (`sidecar status`).",
    keep_seconds=60.0,
)
def degraded_share(spec: DegradedShareSpec, site: Site) -> Iterator[Condition]:
    """One for each fallback.

    Requests that come in and calls of the service are each counted by their listener. Tries at an
    upstream are not what is asked for here: there are none while its breaker is open.
    """
    for rule in _meant(site, spec.fallback, "fallbacks"):
        answers = site.scope(FALLBACK_ANSWERS, **labels_of(rule), step="!=none")
        routes = {"http_route": f"=~{'|'.join(rule.match.route)}"} if rule.match.route else {}
        asked = site.scope(SERVER_DURATION, "_count", **routes)
        summary = f"fallback {rule.name} of {site.file.service} answers "
        summary += "{{ $value | humanizePercentage }} of the requests"
        expression = too_large(spec, site, answers, (asked,))
        yield Condition(site.rule(rule), expression, summary)


@kind(
    FallbackFailingSpec,
    "SidecarFallbackFailing",
    why="it would not help when it is needed",
    first="Ask what its steps ask: the stand-in upstream, the file of its answer.",
    keep_seconds=300.0,
)
def fallback_failing(spec: FallbackFailingSpec, site: Site) -> Iterator[Condition]:
    """One for each fallback."""
    for rule in _meant(site, spec.fallback, "fallbacks"):
        trials = site.scope(FALLBACK_TRIALS, **labels_of(rule), result="failure")
        answers = site.scope(FALLBACK_ANSWERS, **labels_of(rule), step="none")
        failed, none = (grown(site, one, spec.over) for one in (trials, answers))
        summary = f"fallback {rule.name} of {site.file.service} has had no answer "
        summary += "{{ $value | humanize }} times"
        yield Condition(site.rule(rule), f"{none} > 0 or {failed} > 0", summary)


@kind(
    RetriesSkippedSpec,
    "SidecarRetriesSkipped",
    why="so much fails that trying again would only add to it",
    first="Look at the upstream that fails; retries come back by themselves.",
    keep_seconds=60.0,
)
def retries_skipped(spec: RetriesSkippedSpec, site: Site) -> Iterator[Condition]:
    """One for each rule of `retries`."""
    for rule in _meant(site, spec.retry, "retries"):
        labels = labels_of(rule)
        left_out = site.scope(RETRIES_SKIPPED, **labels, reason="budget_exhausted")
        asked = (site.scope(RETRIES_SKIPPED, **labels), site.scope(RETRY_RESULTS, **labels))
        summary = f"retries/{rule.name} of {site.file.service} leaves out "
        summary += "{{ $value | humanizePercentage }} of its retries"
        yield Condition(site.rule(rule), too_large(spec, site, left_out, asked), summary)


@kind(
    KeysForgottenSpec,
    "SidecarKeysForgotten",
    why="whoever is forgotten begins anew, and is let in too often",
    first="Raise `track_at_most` of its key, or tell requests apart by something with fewer "
    "values.",
    keep_seconds=300.0,
)
def keys_forgotten(spec: KeysForgottenSpec, site: Site) -> Iterator[Condition]:
    """One for each rate limit with keys."""
    keyed = (one for one in site.file.rate_limits if one.per and one.mode is Mode.ENFORCE)
    for rule in site.rules_called(spec.limit, "rate_limits") if spec.limit else keyed:
        forgotten = site.scope(RATE_LIMIT_EVICTIONS, **labels_of(rule))
        summary = f"rate_limits/{rule.name} of {site.file.service} has forgotten "
        summary += "{{ $value | humanize }} values that still mattered"
        yield Condition(site.rule(rule), f"{grown(site, forgotten, spec.over)} > 0", summary)
