"""Objectives (`slo`) as recorded series: shares of bad requests, and what is left of budgets.

The formulas are those of Google's *Site Reliability Workbook*, chapter 5, "Alerting on SLOs",
section 6, "Multiwindow, Multi-Burn-Rate Alerts":

- The error budget of an objective is ``1 - target``; the burn rate is the share of bad requests
  divided by the budget. At a burn rate of 1 the budget lasts exactly as long as `over`.
- An alert at burn rate ``f`` over a window ``w`` fires when ``f · w / over`` of the budget is gone:
  2 % in 1 h is 14.4x, 5 % in 6 h is 6x, 10 % in 3 d is 1x for an objective over 30 days.
- A second window, a twelfth of the first, ends it soon after the trouble has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sidecar.alerting.alert import Recording
from sidecar.alerting.profile import Profile
from sidecar.ruleset.alert_lint import is_reachable
from sidecar.ruleset.alert_values import Burn
from sidecar.ruleset.alerts_of_objectives import USUAL_PAGES, USUAL_TICKETS, BurnRateSpec
from sidecar.ruleset.slo_section import SloSpec
from sidecar.telemetry.catalogue import SLO_REQUESTS
from sidecar.telemetry.promql import Scope, increase, quoted, share, total

#: What the pairs of the workbook are meant for.
_MEANT_OVER: Final = 30 * 86_400.0
#: Windows shorter than these say little: a few scrapes, a few requests.
_SHORTEST_LONG, _SHORTEST_SHORT = 600.0, 60.0

#: What is left of an objective's budget for its `over`: 1 is all, 0 none, less is overspent.
BUDGET_LEFT: Final = "slo:sidecar_slo_budget_left:ratio"
_BY: Final = ("service", "slo")


def budget(slo: SloSpec) -> str:
    """The share of requests that may be bad, as a number."""
    return f"{1 - slo.target:.6g}"


def burns(spec: BurnRateSpec, slo: SloSpec) -> tuple[tuple[Burn, ...], tuple[Burn, ...]]:
    """When somebody is woken, and when it is a ticket; without what can never be."""
    page = spec.page if spec.page is not None else _usual(USUAL_PAGES, slo)
    ticket = spec.ticket if spec.ticket is not None else _usual(USUAL_TICKETS, slo)
    return _reachable(page, slo), _reachable(ticket, slo)


def _usual(pairs: Iterable[Burn], slo: SloSpec) -> tuple[Burn, ...]:
    """The workbook's pairs; windows grow and shrink with what the objective is held over."""
    scale = slo.over / _MEANT_OVER
    fitting = (
        Burn(
            one.factor,
            max(_SHORTEST_LONG, one.long_seconds * scale),
            max(_SHORTEST_SHORT, one.short_seconds * scale),
        )
        for one in pairs
    )
    return tuple(one for one in fitting if one.long_seconds <= slo.over)


def _reachable(pairs: Iterable[Burn], slo: SloSpec) -> tuple[Burn, ...]:
    return tuple(one for one in pairs if is_reachable(one.factor, slo.target))


def bad_ratio(slo: SloSpec, service: str, window: str) -> str:
    """The recorded share of bad requests over a window."""
    return f"slo:sidecar_slo_bad:ratio{window}{_of(slo, service)}"


def requests(slo: SloSpec, service: str, window: str) -> str:
    """The recorded number of requests that count, over a window."""
    return f"slo:sidecar_slo_requests:increase{window}{_of(slo, service)}"


def budget_left(slo: SloSpec, service: str) -> str:
    """The recorded share of the budget that is left."""
    return f"{BUDGET_LEFT}{_of(slo, service)}"


def _of(slo: SloSpec, service: str) -> str:
    return f"{{service={quoted(service)},slo={quoted(slo.name)}}}"


def record_windows(slo: SloSpec, service: str, windows: Iterable[str]) -> Iterator[Recording]:
    """What is recorded of an objective over each window: how many requests, how many of them bad.

    ``increase`` sees restarts of the sidecar, and the sum over all instances is taken of what each
    has counted since. Where nobody asked for anything there is no share, and nothing to tell.
    """
    for window in dict.fromkeys(windows):
        whole, bad = _counted(slo, service, window)
        yield Recording(_name(requests(slo, service, window)), whole, {"slo": slo.name})
        ratio = share(bad, requests(slo, service, window))
        yield Recording(_name(bad_ratio(slo, service, window)), ratio, {"slo": slo.name})


def record_budget(slo: SloSpec, service: str, profile: Profile) -> Recording:
    """What is left of the budget: needs as much history as the objective's `over` has."""
    whole, bad = _counted(slo, service, profile.window(slo.over))
    expression = f"1 - ({share(bad, whole)}) / {budget(slo)}"
    return Recording(BUDGET_LEFT, expression, {"slo": slo.name})


def _counted(slo: SloSpec, service: str, window: str) -> tuple[str, str]:
    """How many requests count, and how many of these were bad."""
    scope = Scope({"service": service, "slo": slo.name})
    if slo.good.not_shed:
        whole, bad = scope(SLO_REQUESTS), scope(SLO_REQUESTS, outcome="!=good")
    else:
        whole, bad = scope(SLO_REQUESTS, outcome="!=shed"), scope(SLO_REQUESTS, outcome="bad")
    grown = (total(increase(one, window), _BY) for one in (whole, bad))
    first, second = grown
    return first, second


def _name(series: str) -> str:
    return series.partition("{")[0]
