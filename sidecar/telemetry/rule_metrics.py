"""The metrics of what rules show of themselves (``telemetry.readings``); part of the catalogue."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Kind, Metric, Use

_RULE: Final = (a.SERVICE, a.RULE_KIND, a.RULE_NAME, a.RULE_MODE)

RATE_LIMIT_TRACKED: Final = Metric(
    "sidecar_rate_limit_tracked_keys",
    Kind.GAUGE,
    "Values of a limit's keys that are remembered.",
    _RULE,
    counted="key",
)
RATE_LIMIT_EVICTIONS: Final = Metric(
    "sidecar_rate_limit_evictions_total",
    Kind.COUNTER,
    "Values forgotten for want of room (`track_at_most`) while they still mattered.",
    _RULE,
    counted="key",
)
RATE_LIMIT_WAITING: Final = Metric(
    "sidecar_rate_limit_waiting",
    Kind.GAUGE,
    "Requests that wait for their turn with a limit that paces.",
    _RULE,
    counted="request",
)
BREAKER_STATE: Final = Metric(
    "sidecar_breaker_state",
    Kind.GAUGE,
    "1 for the state that a breaker is in, 0 for the others.",
    (*_RULE, a.BREAKER_STATE),
    counted="breaker",
    # By the conventions for states: the attribute is the state.
    dotted="sidecar.breaker.status",
)
BREAKER_ERROR_RATIO: Final = Metric(
    "sidecar_breaker_error_ratio",
    Kind.GAUGE,
    "The share of errors that a breaker counts at the moment, 0 to 1.",
    _RULE,
    unit="ratio",
)
BREAKER_SLOW_RATIO: Final = Metric(
    "sidecar_breaker_slow_ratio",
    Kind.GAUGE,
    "The share of slow requests that a breaker counts at the moment, 0 to 1.",
    _RULE,
    unit="ratio",
)
BREAKER_NEXT_PROBE: Final = Metric(
    "sidecar_breaker_next_probe_seconds",
    Kind.GAUGE,
    "How long until a breaker lets the next request through; 0 when it does.",
    _RULE,
    unit="seconds",
)
BREAKER_OPENINGS: Final = Metric(
    "sidecar_breaker_openings_total",
    Kind.COUNTER,
    "How often a breaker has opened, by an operator's hand too.",
    _RULE,
    counted="opening",
)
BREAKER_FORCED: Final = Metric(
    "sidecar_breaker_forced",
    Kind.GAUGE,
    "1 while an operator keeps a breaker open or closed.",
    _RULE,
    counted="breaker",
)
CONCURRENCY_IN_FLIGHT: Final = Metric(
    "sidecar_concurrency_in_flight",
    Kind.GAUGE,
    "Slots of a bulkhead that are taken, of all its values together.",
    _RULE,
    counted="request",
)
CONCURRENCY_AT_MOST: Final = Metric(
    "sidecar_concurrency_at_most",
    Kind.GAUGE,
    "Slots that a bulkhead has, for each of its values.",
    _RULE,
    counted="request",
)
CONCURRENCY_QUEUED: Final = Metric(
    "sidecar_concurrency_queued",
    Kind.GAUGE,
    "Requests that wait for a slot of a bulkhead.",
    _RULE,
    counted="request",
)
CONCURRENCY_WAITED: Final = Metric(
    "sidecar_concurrency_longest_wait_seconds",
    Kind.GAUGE,
    "How long the one has waited that waits longest for a slot of a bulkhead.",
    _RULE,
    unit="seconds",
)
SHED_SHARE: Final = Metric(
    "sidecar_overload_shed_ratio",
    Kind.GAUGE,
    "The share of the requests of a priority that is shed, from 0 to 1.",
    (*_RULE, a.PRIORITY),
    unit="ratio",
)
OVERLOAD_CPU: Final = Metric(
    "sidecar_overload_cpu_ratio",
    Kind.GAUGE,
    "The CPU time used of late, as a share of what may be used; not there when it is unknown.",
    _RULE,
    unit="ratio",
)
OVERLOAD_DELAY: Final = Metric(
    "sidecar_overload_queue_delay_seconds",
    Kind.GAUGE,
    "Mean time that requests waited of late in queues of the sidecar and for its loop.",
    _RULE,
    unit="seconds",
)
RETRY_RESULTS: Final = Metric(
    "sidecar_retry_results_total",
    Kind.COUNTER,
    "How requests ended that a rule had tried again.",
    (*_RULE, a.RESULT),
    counted="request",
)
RETRIES_SKIPPED: Final = Metric(
    "sidecar_retries_skipped_total",
    Kind.COUNTER,
    "Retries that a rule asked for and that were left out.",
    (*_RULE, a.REASON),
    reasons=(Use.NO_RETRY,),
    counted="retry",
)
FALLBACK_ANSWERS: Final = Metric(
    "sidecar_fallback_answers_total",
    Kind.COUNTER,
    "Answers that a fallback gave, by step; `none` where none of its steps could.",
    (*_RULE, a.STEP),
    counted="answer",
)
FALLBACK_TRIALS: Final = Metric(
    "sidecar_fallback_trials_total",
    Kind.COUNTER,
    "Steps of a fallback that were tried beside a real answer (`exercise`), by how that went.",
    (*_RULE, a.RESULT),
    counted="trial",
)
