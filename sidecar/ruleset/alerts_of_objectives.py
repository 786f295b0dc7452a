"""Alerts about what users see: objectives (`slo`) and their budgets, and errors."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import model_validator

from sidecar.model.reading import unreadable
from sidecar.model.values import Duration, Name, OneOrMany, RequestCount, written
from sidecar.ruleset.alert_entry import AlertSpec, HeldAlertSpec, ShareAlertSpec
from sidecar.ruleset.alert_values import (
    AlertSeverity,
    Burn,
    BurnRate,
    ShareAbove,
    lasting,
)

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
#: What stands for `page` and `ticket` when they are left out, for an objective over 30 days.
USUAL_PAGES: Final = (Burn(14.4, _HOUR, _HOUR / 12), Burn(6.0, 6 * _HOUR, _HOUR / 2))
USUAL_TICKETS: Final = (Burn(3.0, _DAY, 2 * _HOUR), Burn(1.0, 3 * _DAY, 6 * _HOUR))
_WHICH: Final = "add for_each: slo, or slo: NAME"


class BurnRateSpec(AlertSpec):
    """An objective's budget is used up so fast that it will not last (Google's SRE workbook)."""

    kind: Literal["burn_rate"]
    """What it is about."""
    for_each: Literal["slo"] | None = None
    """`slo`: every objective of the file."""
    slo: OneOrMany[Name] = ()
    """These objectives, instead of every one."""
    page: tuple[BurnRate, ...] | None = None
    """When somebody is woken; 14.4x over 1h/5m and 6x over 6h/30m when left out, for an objective
    over 30d; windows of others in proportion."""
    ticket: tuple[BurnRate, ...] | None = None
    """When somebody looks at it on the next working day; 3x over 1d/2h and 1x over 3d/6h when left
    out."""
    at_least: RequestCount = written("20 requests")
    """How many requests in the long window a burn rate needs to mean anything."""

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if self.for_each is None and not self.slo:
            raise unreadable("incomplete", "it does not say which objectives", _WHICH)
        if self.for_each is not None and self.slo:
            problem = "both for_each and slo say which objectives"
            raise unreadable("conflict", problem, "keep one of them")
        if self.page == () and self.ticket == ():
            problem = "neither page nor ticket names a burn rate"
            raise unreadable("empty-list", problem, "name one, or leave both out")
        return self


class BudgetLeftSpec(HeldAlertSpec):
    """Little is left of an objective's budget for its `over`."""

    kind: Literal["budget_left"]
    """What it is about."""
    slo: OneOrMany[Name] = ()
    """These objectives; every one when left out."""
    below: ShareAbove = written("10%")
    """The share of the budget that is too little."""
    hold: Duration = lasting("15m")
    """How long it has to be so before anybody is told."""


class ErrorShareSpec(ShareAlertSpec):
    """Requests that come in fail: answers are 5xx, or there are none."""

    kind: Literal["error_share"]
    """What it is about."""
    route: OneOrMany[Name] = ()
    """Only these routes, taken together; all when left out."""
    severity: AlertSeverity = AlertSeverity.PAGE
    """`page` wakes somebody, `ticket` waits for the next working day."""
    above: ShareAbove = written("5%")
    """The share that is too much."""
    hold: Duration = lasting("2m")
    """How long it has to be so before anybody is told."""
