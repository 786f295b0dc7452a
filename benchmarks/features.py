"""What each governed proxy has of the governed set, where it cannot be proved in a second."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import proof
from benchmarks.results import Results
from benchmarks.targets import TARGETS

YES, NO = "yes", "–"

#: By program. What is proved over the wire before each campaign is in ``proof.CLAIMS`` instead.
DECLARED: Mapping[str, Mapping[str, str]] = {
    "kind of the keyed limits": {
        "sidecar": "token bucket per value",
        "envoy": "token bucket per value",
        "haproxy": "rate over a sliding second per value",
        "nginx": "leaky bucket per value",
    },
    "limit on requests in flight": {
        "sidecar": "bulkhead",
        "envoy": "circuit breaker thresholds",
        "haproxy": "maxconn",
        "nginx": "limit_conn",
    },
    "circuit breaker on error ratio": {
        "sidecar": "error ratio, consecutive errors, half-open",
        "envoy": "outlier detection",
        "haproxy": "observe, on-error",
        "nginx": "max_fails",
    },
    "retries": {
        "sidecar": "policy with a budget",
        "envoy": "policy with a budget",
        "haproxy": "retry-on",
        "nginx": "proxy_next_upstream",
    },
    "escaped slashes and dot segments in paths": {
        "sidecar": "refused; resolved",
        "envoy": "refused; resolved",
        "nginx": "resolved",
    },
    "Prometheus metrics": {"sidecar": YES, "envoy": YES, "haproxy": YES},
}


def table(results: Results) -> list[list[str]]:
    """Rows for the report: a feature, then what each governed target has of it."""
    governed = [target for target in TARGETS if target.name in results.proved]
    rows = [["feature", *(target.title for target in governed)]]
    for claim, words in proof.CLAIMS.items():
        has = [results.proved[target.name].get(claim, False) for target in governed]
        rows.append([words, *("proved" if there else NO for there in has)])
    for words, by_program in DECLARED.items():
        rows.append([words, *(by_program.get(target.program, NO) for target in governed)])
    return rows
