"""What becomes of telemetry: what is lost and why, what waits, and how backends and scrapes do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries import alerts
from dashboards.queries.asking import RANGE, WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import export_metrics as e
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.promql import (
    Scope,
    highest,
    how_many,
    lowest,
    mean,
    now,
    over_time,
    quantile,
    rate,
    share,
    some,
    total,
)

#: Whom telemetry is sent to.
EXPORTER: Final = ("service", "exporter")
#: One process, which has one exporter's process beside it.
INSTANCE: Final = ("service", "instance")
_TARGET: Final = ("job", "instance")


def lost(scope: Scope, by: Sequence[str] = (), **labels: str) -> str:
    """Items a second that nobody will ever see: spans, log records, metrics, lines."""
    return total(rate(scope(c.DROPPED, **labels), WINDOW), by)


def lost_by(scope: Scope, by: Sequence[str], **labels: str) -> str:
    """The same where anything is lost."""
    return some(lost(scope, by, **labels))


def lost_share(scope: Scope) -> str:
    """What is lost of what was to be sent; nothing where nobody is sent anything."""
    sent = total(rate(scope(e.SENT), WINDOW))
    return share(lost(scope), f"({lost(scope)} + {sent})")


def sent(scope: Scope) -> str:
    """Items a second that backends have."""
    return total(rate(scope(e.SENT), WINDOW), (*EXPORTER, "signal"))


def is_up(scope: Scope) -> str:
    """1 for a backend that takes what it is sent, 0 for one that at some instance does not."""
    return lowest(now(scope(e.UP)), EXPORTER)


def down(scope: Scope) -> str:
    """How many backends do not take what they are sent; nothing where all do."""
    return how_many(f"{is_up(scope)} == 0")


def waits(metric: Metric, scope: Scope, by: Sequence[str] = EXPORTER) -> str:
    """How much waits, at all instances."""
    return total(now(scope(metric)), by)


def oldest(scope: Scope, by: Sequence[str] = EXPORTER) -> str:
    """How long the oldest of what waits in memory has waited, in seconds."""
    return highest(now(scope(e.AGE)), by)


def delivery(below: float, scope: Scope) -> str:
    """How long so large a share of the deliveries took at most, in seconds."""
    return quantile(below, scope(e.SECONDS, "_bucket"), WINDOW, EXPORTER)


def deliveries(scope: Scope) -> str:
    """Deliveries a second, by how they ended."""
    return some(total(rate(scope(e.REQUESTS), WINDOW), (*EXPORTER, "result")))


def restarts(scope: Scope) -> str:
    """How often a second an exporter's process had ended by itself."""
    return some(total(rate(scope(e.RESTARTS), WINDOW), INSTANCE))


def memory(scope: Scope) -> str:
    """Resident memory of each exporter's process."""
    return highest(now(scope(e.MEMORY)), INSTANCE)


def cpu(scope: Scope) -> str:
    """CPU time a second of each exporter's process: 1 is a CPU."""
    return total(rate(scope(e.CPU), WINDOW), INSTANCE)


def _of_sidecars(scope: Scope, metric: Metric) -> str:
    """What Prometheus tells of its targets, of those that were sidecars in the time shown."""
    were_there = over_time("last", scope(c.BUILD), RANGE)
    return f"({now(scope(metric))} and on (job, instance) {were_there})"


def scraped(scope: Scope) -> str:
    """1 for a sidecar that Prometheus reaches, 0 for one that it does not."""
    return lowest(_of_sidecars(scope, alerts.UP), _TARGET)


def scraped_share(scope: Scope) -> str:
    """The share of sidecars that Prometheus reaches, 0 to 1."""
    return mean(_of_sidecars(scope, alerts.UP))


def scrape_took(scope: Scope) -> str:
    """How long the last scrape took, in seconds."""
    return highest(_of_sidecars(scope, alerts.SCRAPE_TOOK), _TARGET)


def series(scope: Scope) -> str:
    """How many series the last scrape brought."""
    return highest(_of_sidecars(scope, alerts.SCRAPED), _TARGET)
