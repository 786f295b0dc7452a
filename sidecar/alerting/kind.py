"""How a kind of alert is declared: one function and what people are told, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from sidecar.alerting.alert import Severity
from sidecar.alerting.site import Site, Subject
from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alerts_section import kind_of

SpecT = TypeVar("SpecT", bound=AlertSpec)


class Condition(NamedTuple):
    """One thing that may be wrong."""

    subject: Subject
    #: True (non-empty) while it is, in Prometheus's language; its value stands in the summary.
    expression: str
    #: One sentence, with ``{{ $value }}`` and ``{{ $labels.NAME }}`` in it.
    summary: str
    #: Where the entry says it for several at once; else that of the entry.
    severity: Severity | None = None


class Kind(NamedTuple):
    """A kind of alert."""

    #: The word in `kind`: ``breaker_open``.
    word: str
    #: As both servers and the runbook call it: ``SidecarBreakerOpen``.
    alert: str
    #: Why it is told of, where no rule has a `why`.
    why: str
    #: What to do first.
    first: str
    #: How long it is kept after it has ended, so that what comes and goes is told of once.
    keep_seconds: float
    conditions: Callable[[Any, Site], Iterator[Condition]]


def kind(
    spec: type[SpecT], alert: str, *, why: str, first: str, keep_seconds: float = 0.0
) -> Callable[[Callable[[SpecT, Site], Iterator[Condition]]], Kind]:
    """Declare the kind that ``spec`` reads; the function says what may be wrong, one by one."""

    def declared(conditions: Callable[[SpecT, Site], Iterator[Condition]]) -> Kind:
        return Kind(kind_of(spec), alert, why, first, keep_seconds, conditions)

    return declared
