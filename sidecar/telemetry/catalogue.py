"""Every metric there is; with reasons, attributes and events the whole of what can be observed.

Each is declared once. The reference in ``docs/telemetry.md`` is generated from it, and what is
exposed is checked against it.
"""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry import export_metrics, host_metrics, rule_metrics
from sidecar.telemetry.attributes import ATTRIBUTES, EVENTS, KNOWN_METHODS, OTHER_METHOD
from sidecar.telemetry.declaration import Attribute, Event, Kind, Metric, Reason, Severity, Use
from sidecar.telemetry.reasons import OTHER, REASONS, reasons

__all__ = [
    "ATTRIBUTES",
    "EVENTS",
    "KNOWN_METHODS",
    "METRICS",
    "OTHER",
    "OTHER_METHOD",
    "REASONS",
    "Attribute",
    "Event",
    "Kind",
    "Metric",
    "Reason",
    "Severity",
    "Use",
    "reasons",
]

#: OpenTelemetry's advice for HTTP durations (semantic conventions for HTTP metrics, 1.44).
DURATION_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
#: What a sidecar adds lies far below the first of those.
OVERHEAD_BUCKETS: Final = (
    0.000025, 0.00005, 0.0001, 0.00015, 0.0002, 0.0003, 0.0005,
    0.00075, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1,
)  # fmt: skip
LAG_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

_LISTENER: Final = (a.SERVICE, a.LISTENER)
_ENDPOINT: Final = (a.SERVICE, a.UPSTREAM, a.SERVER_ADDRESS, a.SERVER_PORT)
_ANSWER: Final = (a.METHOD, a.STATUS, a.ERROR_TYPE)

# --- from the client's side
SERVER_DURATION: Final = Metric(
    "http_server_request_duration_seconds",
    Kind.HISTOGRAM,
    "Requests by route and answer: from the complete head to the last byte sent.",
    (a.SERVICE, a.LISTENER, a.ROUTE, a.SCHEME, *_ANSWER),
    unit="seconds",
    dotted="http.server.request.duration",
    buckets=DURATION_BUCKETS,
)
REQUESTS_IN_FLIGHT: Final = Metric(
    "sidecar_requests_in_flight",
    Kind.GAUGE,
    "Requests that have begun and not ended.",
    (a.SERVICE, a.LISTENER, a.ROUTE),
    counted="request",
)
OVERHEAD: Final = Metric(
    "sidecar_overhead_seconds",
    Kind.HISTOGRAM,
    "Time that the sidecar itself added to a request.",
    _LISTENER,
    unit="seconds",
    buckets=OVERHEAD_BUCKETS,
)
REJECTED: Final = Metric(
    "sidecar_requests_rejected_total",
    Kind.COUNTER,
    "Requests that could not be read, or not in time: their head, or what came of their body.",
    (*_LISTENER, a.REASON),
    reasons=(Use.REJECTION,),
    counted="request",
)
DEADLINES_IGNORED: Final = Metric(
    "sidecar_deadlines_ignored_total",
    Kind.COUNTER,
    "Requests whose `deadline_header` could not be read; they were served without it.",
    _LISTENER,
    counted="request",
)
DOWNSTREAM_OPEN: Final = Metric(
    "sidecar_downstream_connections_open",
    Kind.GAUGE,
    "Connections of clients that are open.",
    _LISTENER,
    counted="connection",
)
DOWNSTREAM_CONNECTIONS: Final = Metric(
    "sidecar_downstream_connections_total",
    Kind.COUNTER,
    "Connections of clients that were accepted, refused ones included.",
    _LISTENER,
    counted="connection",
)
DOWNSTREAM_REFUSED: Final = Metric(
    "sidecar_downstream_connections_refused_total",
    Kind.COUNTER,
    "Connections of clients that were closed before their first request.",
    (*_LISTENER, a.REASON),
    reasons=(Use.CONNECTION,),
    counted="connection",
)
DOWNSTREAM_RECEIVED: Final = Metric(
    "sidecar_downstream_received_bytes_total",
    Kind.COUNTER,
    "Bytes of bodies received from clients.",
    _LISTENER,
    unit="bytes",
)
DOWNSTREAM_SENT: Final = Metric(
    "sidecar_downstream_sent_bytes_total",
    Kind.COUNTER,
    "Bytes of bodies sent to clients.",
    _LISTENER,
    unit="bytes",
)

# --- towards the upstreams
CLIENT_DURATION: Final = Metric(
    "http_client_request_duration_seconds",
    Kind.HISTOGRAM,
    "Attempts by endpoint and answer: from sending the head to the last byte received.",
    (*_ENDPOINT, *_ANSWER),
    unit="seconds",
    dotted="http.client.request.duration",
    buckets=DURATION_BUCKETS,
)
UPSTREAM_IN_FLIGHT: Final = Metric(
    "sidecar_upstream_requests_in_flight",
    Kind.GAUGE,
    "Attempts at an endpoint that have begun and not ended.",
    _ENDPOINT,
    counted="request",
)
UPSTREAM_PENDING: Final = Metric(
    "sidecar_upstream_requests_pending",
    Kind.GAUGE,
    "Requests that wait for a connection to an endpoint.",
    _ENDPOINT,
    counted="request",
)
UPSTREAM_OPEN: Final = Metric(
    "sidecar_upstream_connections_open",
    Kind.GAUGE,
    "Connections to an endpoint that are open, idle ones included.",
    _ENDPOINT,
    counted="connection",
)
UPSTREAM_CONNECTS: Final = Metric(
    "sidecar_upstream_connects_total",
    Kind.COUNTER,
    "Connections to an endpoint that were made.",
    _ENDPOINT,
    counted="connection",
)
UPSTREAM_CONNECT_FAILURES: Final = Metric(
    "sidecar_upstream_connect_failures_total",
    Kind.COUNTER,
    "Connections to an endpoint that did not come about.",
    (*_ENDPOINT, a.REASON),
    reasons=(Use.CONNECT,),
    counted="connection",
)
UPSTREAM_OVERFLOWS: Final = Metric(
    "sidecar_upstream_pool_overflows_total",
    Kind.COUNTER,
    "Requests that found an endpoint's pool and its queue full.",
    _ENDPOINT,
    counted="request",
)
UPSTREAM_UNSOLICITED: Final = Metric(
    "sidecar_upstream_unsolicited_total",
    Kind.COUNTER,
    "Connections that an endpoint wrote to unasked; they were closed.",
    _ENDPOINT,
    counted="connection",
)
UPSTREAM_UP: Final = Metric(
    "sidecar_upstream_up",
    Kind.GAUGE,
    "1 while an endpoint gets requests, 0 while it is ejected or fails its health checks.",
    _ENDPOINT,
    counted="endpoint",
)
UPSTREAM_EJECTED: Final = Metric(
    "sidecar_upstream_ejected",
    Kind.GAUGE,
    "1 while an endpoint is left alone because requests to it failed.",
    _ENDPOINT,
    counted="endpoint",
)
UPSTREAM_EJECTIONS: Final = Metric(
    "sidecar_upstream_ejections_total",
    Kind.COUNTER,
    "How often an endpoint was ejected.",
    _ENDPOINT,
    counted="ejection",
)
UPSTREAM_LOOKUPS: Final = Metric(
    "sidecar_upstream_lookups_total",
    Kind.COUNTER,
    "How often the name of an upstream was looked up; a failure leaves its addresses as they are.",
    (a.SERVICE, a.UPSTREAM, a.RESULT),
    counted="lookup",
)
UPSTREAM_CHECKS: Final = Metric(
    "sidecar_upstream_health_checks_total",
    Kind.COUNTER,
    "Health checks of an endpoint that have ended.",
    (*_ENDPOINT, a.RESULT),
    counted="check",
)
UPSTREAM_RETRIES: Final = Metric(
    "sidecar_upstream_retries_total",
    Kind.COUNTER,
    "Attempts at an endpoint that were repeated, by why the one before failed.",
    (*_ENDPOINT, a.REASON),
    reasons=(Use.RETRY,),
    counted="request",
)

# --- the rules
DECISIONS: Final = Metric(
    "sidecar_decisions_total",
    Kind.COUNTER,
    "What each rule decided, or would have in shadow mode. A request is `admitted` by its rules "
    "once all of them agree.",
    (a.SERVICE, a.RULE_KIND, a.RULE_NAME, a.RULE_MODE, a.OUTCOME),
    counted="decision",
)
RULE_INFO: Final = Metric(
    "sidecar_rule_info",
    Kind.INFO,
    "Each rule of the live rule set: its line, whose it is, why it is there, and the mode that it "
    "is in by the file, by an operator's override, or because it rests outside of its window.",
    (
        a.SERVICE, a.RULE_KIND, a.RULE_NAME, a.RULE_MODE, a.MODE_BY, a.RULE_SOURCE, a.OWNER,
        a.RULE_WHY,
    ),
    counted="rule",
)  # fmt: skip
SLO_REQUESTS: Final = Metric(
    "sidecar_slo_requests_total",
    Kind.COUNTER,
    "Requests that an objective counts, by whether they were good, bad, or shed by a rule.",
    (a.SERVICE, a.SLO, a.SLO_OUTCOME),
    counted="request",
)
SLO_TARGET: Final = Metric(
    "sidecar_slo_target_ratio",
    Kind.GAUGE,
    "The share of good requests that an objective in force asks for.",
    (a.SERVICE, a.SLO),
    unit="ratio",
)
SLO_OVER: Final = Metric(
    "sidecar_slo_over_seconds",
    Kind.GAUGE,
    "Over how long that share is to be reached.",
    (a.SERVICE, a.SLO),
    unit="seconds",
)
SLO_NOT_SHED: Final = Metric(
    "sidecar_slo_not_shed",
    Kind.GAUGE,
    "1 where a request that was shed counts as a bad one, 0 where it does not count at all.",
    (a.SERVICE, a.SLO),
    counted="objective",
)
CONTROLS: Final = Metric(
    "sidecar_controls_active",
    Kind.GAUGE,
    "What operators have taken out of the rule file's hands, for a while.",
    (a.SERVICE, a.CONTROL),
    counted="control",
)
RULES: Final = Metric(
    "sidecar_rules_info",
    Kind.INFO,
    "The rule set that is live.",
    (a.SERVICE, a.RULES_VERSION),
    counted="rule_set",
)
RELOADS: Final = Metric(
    "sidecar_rules_reloads_total",
    Kind.COUNTER,
    "Rule sets that went live, the first one included, and files that could not.",
    (a.SERVICE, a.RESULT),
    counted="reload",
)
RELOAD_SUCCESSFUL: Final = Metric(
    "sidecar_rules_last_reload_successful",
    Kind.GAUGE,
    "1 when the rule file as last seen is live, 0 when it has an error.",
    (a.SERVICE,),
    counted="rule_set",
)
RELOAD_TIME: Final = Metric(
    "sidecar_rules_last_reload_timestamp_seconds",
    Kind.GAUGE,
    "When the live rule set went live, in seconds since 1970.",
    (a.SERVICE,),
    unit="seconds",
)
FILE_RELOADS: Final = Metric(
    "sidecar_rules_file_reloads_total",
    Kind.COUNTER,
    "Lists and other files of the rules that changed and are in force, and those that cannot be.",
    (a.SERVICE, a.RESULT),
    counted="reload",
)
FILES_REFUSED: Final = Metric(
    "sidecar_rules_files_refused",
    Kind.GAUGE,
    "Files of the rules that changed and cannot be used; their content from before is in force.",
    (a.SERVICE,),
    counted="file",
)

# --- the sidecar itself
BUILD: Final = Metric(
    "sidecar_build_info",
    Kind.INFO,
    "What is running.",
    (a.SERVICE, a.SIDECAR_VERSION, a.PYTHON_VERSION),
    counted="process",
)
LOOP_LAG: Final = Metric(
    "sidecar_loop_lag_seconds",
    Kind.HISTOGRAM,
    "How much later than asked for a timer of the event loop fires.",
    (a.SERVICE,),
    unit="seconds",
    buckets=LAG_BUCKETS,
)
DROPPED: Final = Metric(
    "sidecar_telemetry_dropped_total",
    Kind.COUNTER,
    "Telemetry that was lost; requests never wait for it.",
    (a.SERVICE, a.EXPORTER, a.SIGNAL, a.REASON),
    reasons=(Use.RECORD_DROP, Use.LOG_DROP, Use.METRIC_DROP, Use.EXPORT_DROP),
    counted="item",
)
METRICS: Final[tuple[Metric, ...]] = (
    *(value for value in dict(globals()).values() if isinstance(value, Metric)),
    *(value for value in vars(rule_metrics).values() if isinstance(value, Metric)),
    *(value for value in vars(host_metrics).values() if isinstance(value, Metric)),
    *(value for value in vars(export_metrics).values() if isinstance(value, Metric)),
)
