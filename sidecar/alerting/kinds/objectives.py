"""Alerts about what users see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.alerting.alert import Severity
from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.kinds.shares import too_large
from sidecar.alerting.objectives import bad_ratio, budget, budget_left, burns, requests
from sidecar.alerting.site import Site
from sidecar.ruleset.alert_values import Burn
from sidecar.ruleset.alerts_of_objectives import BudgetLeftSpec, BurnRateSpec, ErrorShareSpec
from sidecar.ruleset.slo_section import SloSpec
from sidecar.telemetry.catalogue import SERVER_DURATION


@kind(
    BurnRateSpec,
    "SidecarSloBurn",
    why="users are served worse than was promised",
    first="See on the service's dashboard which route is bad and since when, and what changed "
    "then: a deployment, the rules, an upstream.",
    keep_seconds=120.0,
)
def burn_rate(spec: BurnRateSpec, site: Site) -> Iterator[Condition]:
    """One for each objective and severity: any of its burn rates is reached."""
    for slo in site.objectives_called(spec.slo):
        page, ticket = burns(spec, slo)
        for severity, pairs in ((Severity.PAGE, page), (Severity.TICKET, ticket)):
            if pairs:
                expression = _burning(slo, pairs, spec.at_least, site)
                summary = f"slo {slo.name} of {site.file.service} uses up its budget "
                summary += "{{ $value | humanize }} times too fast"
                yield Condition(site.objective(slo), expression, summary, severity)


def _burning(slo: SloSpec, pairs: Iterable[Burn], at_least: int, site: Site) -> str:
    service, window = site.file.service, site.profile.window
    arms = []
    for burn in pairs:
        long, short = window(burn.long_seconds), window(burn.short_seconds)
        fast = f"{bad_ratio(slo, service, long)} / {budget(slo)} > {burn.factor:g}"
        still = f"{bad_ratio(slo, service, short)} / {budget(slo)} > {burn.factor:g}"
        enough = f"{requests(slo, service, long)} >= {at_least}"
        arms.append(f"({fast} and {still} and {enough})")
    return " or ".join(arms)


@kind(
    BudgetLeftSpec,
    "SidecarSloBudgetLow",
    why="what may go wrong in this time has nearly all gone wrong already",
    first="Put off what is risky until the budget has recovered, and mend what has used it up.",
    keep_seconds=600.0,
)
def budget_low(spec: BudgetLeftSpec, site: Site) -> Iterator[Condition]:
    """One for each objective."""
    for slo in site.objectives_called(spec.slo):
        expression = f"{budget_left(slo, site.file.service)} < {spec.below:g}"
        summary = f"slo {slo.name} of {site.file.service} has "
        summary += "{{ $value | humanizePercentage }} of its budget left"
        yield Condition(site.objective(slo), expression, summary)


@kind(
    ErrorShareSpec,
    "SidecarErrors",
    why="users get errors",
    first="See on the service's dashboard which route fails, and by which error_type: a status is "
    "the service's own, a word is the sidecar's reason.",
    keep_seconds=60.0,
)
def error_share(spec: ErrorShareSpec, site: Site) -> Iterator[Condition]:
    """One, of all its routes."""
    routes = {"http_route": f"=~{'|'.join(spec.route)}"} if spec.route else {}
    all_of = {"listener": "inbound", **routes}
    part = site.scope(SERVER_DURATION, "_count", **all_of, error_type="!=")
    whole = site.scope(SERVER_DURATION, "_count", **all_of)
    of_what = f"{', '.join(spec.route)} of {site.file.service}" if spec.route else site.file.service
    summary = f"{{{{ $value | humanizePercentage }}}} of the requests to {of_what} fail"
    about = site.here._replace(labels={"route": ",".join(spec.route)} if spec.route else {})
    yield Condition(about, too_large(spec, site, part, (whole,)), summary)
