"""What rules show of themselves (``Gate.readings``), as metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sidecar.model.policy import Reading, Rule
from sidecar.telemetry import rule_metrics as c
from sidecar.telemetry.declaration import Metric

#: The metric of each reading's name. Its labels are those of the rule, and then the reading's own
#: where there is one.
READINGS: Final[dict[str, Metric]] = {
    "tracked_keys": c.RATE_LIMIT_TRACKED,
    "evictions": c.RATE_LIMIT_EVICTIONS,
    "waiting_for_turn": c.RATE_LIMIT_WAITING,
    "breaker_state": c.BREAKER_STATE,
    "breaker_error_ratio": c.BREAKER_ERROR_RATIO,
    "breaker_slow_ratio": c.BREAKER_SLOW_RATIO,
    "breaker_next_probe_seconds": c.BREAKER_NEXT_PROBE,
    "breaker_openings": c.BREAKER_OPENINGS,
    "breaker_forced": c.BREAKER_FORCED,
    "in_flight": c.CONCURRENCY_IN_FLIGHT,
    "at_most": c.CONCURRENCY_AT_MOST,
    "queued": c.CONCURRENCY_QUEUED,
    "longest_wait_seconds": c.CONCURRENCY_WAITED,
    "shed_share": c.SHED_SHARE,
    "cpu_share": c.OVERLOAD_CPU,
    "queue_delay_seconds": c.OVERLOAD_DELAY,
    "retry_results": c.RETRY_RESULTS,
    "retries_skipped": c.RETRIES_SKIPPED,
    "fallback_answers": c.FALLBACK_ANSWERS,
    "fallback_trials": c.FALLBACK_TRIALS,
}

Labels = tuple[str, ...]


def reading_rows(
    readings: Iterable[tuple[Rule, Reading]],
) -> Iterator[tuple[Metric, Iterator[tuple[Labels, float]]]]:
    """The rows of every metric that some rule has a reading for; unknown names are left out."""
    rows: dict[str, list[tuple[Labels, float]]] = {}
    for rule, reading in readings:
        own = (reading.label,) if reading.label else ()
        labels = (rule.kind, rule.name, rule.mode.value, *own)
        rows.setdefault(reading.name, []).append((labels, reading.value))
    for name, metric in READINGS.items():
        if name in rows:
            yield metric, iter(rows[name])
