"""What Prometheus itself tells: which alerts fire, and which sidecars do not answer."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import catalogue as c
from sidecar.telemetry.attributes import SERVICE
from sidecar.telemetry.declaration import Attribute, Kind, Metric
from sidecar.telemetry.promql import Scope, now, over_time, total

_LABELS: Final = tuple(
    Attribute(name, "string", "A label of alerts.", name)
    for name in ("alertname", "alertstate", "severity", "managed_by", "rule", "slo", "upstream")
)
#: Series that Prometheus makes. Those of alerts carry neither job nor instance: an alert is about
#: a service.
ALERTS: Final = Metric(
    "ALERTS", Kind.GAUGE, "1 while an alert is pending or fires.", (SERVICE, *_LABELS)
)
UP: Final = Metric("up", Kind.GAUGE, "1 while a target can be scraped.")
SCRAPE_TOOK: Final = Metric(
    "scrape_duration_seconds", Kind.GAUGE, "How long a scrape took.", unit="seconds"
)
SCRAPED: Final = Metric("scrape_samples_scraped", Kind.GAUGE, "How many series it brought.")
OF_PROMETHEUS: Final = (ALERTS, UP, SCRAPE_TOOK, SCRAPED)


_OURS: Final = Scope({"service": "=~$service"})


def firing(by: tuple[str, ...] = ()) -> str:
    """How many of our alerts fire; nothing where none does."""
    return total(now(_OURS(ALERTS, alertstate="firing", managed_by="sidecar")), by)


def not_answering(scope: Scope) -> str:
    """How many sidecars that were there in the time on the screen cannot be scraped any more."""
    were_there = over_time("last", scope(c.BUILD), "$__range")
    return f"sum((1 - {now(scope(UP))}) and on (job, instance) {were_there})"
