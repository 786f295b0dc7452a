"""Every attribute that log lines and metrics carry, and every event in the sidecar's own log."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry.declaration import Attribute, Event

#: Methods that are told apart (RFC 9110, 9.1; PATCH: RFC 5789). Others count as ``_OTHER``, so
#: that a client cannot invent label values.
KNOWN_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
)
OTHER_METHOD: Final = "_OTHER"

# --- who speaks
SERVICE = Attribute("service.name", "string", "The service that the sidecar wraps.", "service")
SIDECAR_VERSION = Attribute("sidecar.version", "string", "The sidecar's version.", "version")
PYTHON_VERSION = Attribute(
    "process.runtime.version", "string", "The Python that runs it.", "python"
)
INSTANCE = Attribute(
    "service.instance.id", "string", "This run of the sidecar; another one after each start."
)
OWNER = Attribute("service.owner", "string", "Whom the rule file names as `owner`.", "owner")
CRITICALITY = Attribute(
    "service.criticality", "string", "`critical`, `high`, `medium` or `low`, as the rule file says."
)
HOST_NAME = Attribute("host.name", "string", "The host.")
RULES_VERSION = Attribute(
    "sidecar.rules.version", "string", "The version of the rule set in force.", "version"
)

# --- every line of the log
TIME = Attribute("time", "string", "When it began: RFC 3339 in UTC, to the microsecond.")
SEVERITY = Attribute("severity", "string", "`DEBUG`, `INFO`, `WARN` or `ERROR`.")
EVENT_NAME = Attribute("event_name", "string", "What kind of line this is.")
BODY = Attribute("body", "string", "One sentence for people.")
TRACE_ID = Attribute("trace_id", "string", "The trace, 32 hexadecimal digits.")
SPAN_ID = Attribute(
    "span_id", "string", "The sidecar's own span, 16 hexadecimal digits; also the decision's id."
)
PARENT_SPAN_ID = Attribute(
    "parent_span_id", "string", "The caller's span; not there when the trace begins here."
)
TRACE_FLAGS = Attribute("trace_flags", "string", "`01` when the trace is sampled, else `00`.")

# --- what the service itself has logged
LOG_STREAM = Attribute(
    "log.iostream", "string", "`stdout` or `stderr`: where the service has written it."
)

# --- the request
METHOD = Attribute(
    "http.request.method",
    "string",
    f"A known method, or `{OTHER_METHOD}`.",
    "http_request_method",
)
METHOD_ORIGINAL = Attribute(
    "http.request.method_original", "string", f"The method as sent, when it is `{OTHER_METHOD}`."
)
SCHEME = Attribute("url.scheme", "string", "`http` or `https`.", "url_scheme")
PATH = Attribute("url.path", "string", "The path as sent, without its query; cut when very long.")
QUERY = Attribute(
    "url.query", "string", "The query, each value replaced by `REDACTED`; cut when very long."
)
ROUTE = Attribute(
    "http.route", "string", "The route's name, `other` when none matched.", "http_route"
)
STATUS = Attribute(
    "http.response.status_code",
    "int",
    "The status sent; not there when none was.",
    "http_response_status_code",
)
ERROR_TYPE = Attribute(
    "error.type",
    "string",
    "Why it is an error: a reason, or the status when the answer says so. Empty when it is none.",
    "error_type",
)
SERVER_ADDRESS = Attribute(
    "server.address",
    "string",
    "In a log line the host asked for; as a label the endpoint, from the rule file.",
    "server_address",
)
SERVER_PORT = Attribute("server.port", "int", "The port that goes with it.", "server_port")
CLIENT_ADDRESS = Attribute(
    "client.address", "string", "The client, as far as it is believed; `unix` for a Unix socket."
)
REQUEST_BODY = Attribute("http.request.body.size", "int", "Bytes of body from the client.")
RESPONSE_BODY = Attribute("http.response.body.size", "int", "Bytes of body sent to it.")
DURATION = Attribute(
    "duration_ms", "double", "From the complete head to the last byte sent, in milliseconds."
)
OVERHEAD = Attribute(
    "sidecar.overhead_ms", "double", "What the sidecar itself added to that, in milliseconds."
)

URL_FULL = Attribute(
    "url.full",
    "string",
    "What an endpoint was asked for, values in its query replaced by `REDACTED`.",
)
PROTOCOL_VERSION = Attribute(
    "network.protocol.version", "string", "The version of HTTP that was spoken: `1.1` or `1.0`."
)
RESEND_COUNT = Attribute(
    "http.request.resend_count",
    "int",
    "Which repetition a try is; not there at the first one.",
)

# --- what the sidecar did
LISTENER = Attribute("sidecar.listener", "string", "The listener it came in by.", "listener")
UPSTREAM = Attribute(
    "sidecar.upstream", "string", "The upstream it went to, by its name.", "upstream"
)
ENDPOINT = Attribute("sidecar.endpoint", "string", "The endpoint that was asked last.")
ENDPOINT_STATE = Attribute("sidecar.endpoint_state", "string", "`up`, `ejected` or `unhealthy`.")
ATTEMPTS = Attribute(
    "sidecar.attempts", "int", "How often an endpoint was asked; not there when none was."
)
REASON = Attribute(
    "sidecar.reason", "string", "Why it was refused or failed: see Reasons.", "reason"
)
RULE_KIND = Attribute("sidecar.rule.kind", "string", "The section of the deciding rule.", "kind")
RULE_NAME = Attribute("sidecar.rule.name", "string", "The name of the deciding rule.", "rule")
RULE_MODE = Attribute("sidecar.rule.mode", "string", "`enforce`, `shadow` or `disabled`.", "mode")
MODE_BY = Attribute("sidecar.rule.mode_by", "string", "`file`, `override` or `window`.", "mode_by")
OUTCOME = Attribute(
    "sidecar.decision.outcome", "string", "`admitted`, `refused`, `parked` or `applied`.", "outcome"
)
BREAKER_STATE = Attribute(
    "sidecar.breaker.state", "string", "`closed`, `open` or `half_open`.", "state"
)
BREAKER_PREVIOUS_STATE = Attribute(
    "sidecar.breaker.previous_state", "string", "The state that it was in before."
)
BREAKER_OPENED_BY = Attribute(
    "sidecar.breaker.opened_by",
    "string",
    "The condition that was met, `probes`, `give_up_after` or `operator`.",
)
BREAKER_OPEN_SECONDS = Attribute(
    "sidecar.breaker.open_seconds", "double", "How long it lets nothing through, in seconds."
)
PRIORITY = Attribute(
    "sidecar.priority", "string", "`low`, `medium`, `high` or `critical`.", "priority"
)
FALLBACK = Attribute(
    "sidecar.fallback", "string", "The fallback that answered; `sidecar.reason` says for what."
)
STEP = Attribute("sidecar.fallback.step", "string", "A step's number and what it serves.", "step")
WOULD_REFUSE = Attribute(
    "sidecar.shadow.would_refuse", "string[]", "Shadow rules that would have refused it."
)
KEPT = Attribute(
    "sidecar.trace.kept",
    "string",
    "Why the span is kept: `sampled`, `error`, `refused`, `degraded`, `slow`, or `below` for "
    "something further down.",
)

# --- what a rule knew when it decided
RULE_SOURCE = Attribute("sidecar.rule.source", "string", "`FILE:LINE` of the rule.", "source")
RULE_WHY = Attribute("sidecar.rule.why", "string", "Its `why`; as a label cut when long.", "why")
RULE_LABELS = Attribute("sidecar.rule.labels", "string[]", "Its `labels`, each as `NAME=VALUE`.")
KEY_NAME = Attribute("sidecar.key.name", "string", "The keys that it looked at.")
KEY_HASH = Attribute(
    "sidecar.key.hash",
    "string",
    "Stands for their value, which is never told: the same for the same value.",
)
RETRY_AFTER = Attribute(
    "sidecar.decision.retry_after_seconds", "double", "After how long the client may come back."
)
LIMIT = Attribute("sidecar.decision.limit", "string", "The limit, as in `5/s`.")
BURST = Attribute("sidecar.decision.burst", "double", "How much it lets through at once.")
AVAILABLE = Attribute("sidecar.decision.available", "double", "What was left of it.")
WARMTH = Attribute(
    "sidecar.decision.warmth", "double", "How far a limit has warmed up, from 0 to 1."
)
COST = Attribute("sidecar.decision.cost", "int", "What the request costs of the limit.")
AT_MOST = Attribute("sidecar.decision.at_most", "int", "The slots of a bulkhead.")
IN_FLIGHT = Attribute("sidecar.decision.in_flight", "int", "Those that were taken.")
QUEUED = Attribute("sidecar.decision.queued", "int", "Requests that waited for one.")
QUEUE_AT_MOST = Attribute("sidecar.decision.queue_at_most", "int", "How many may wait.")
BECAUSE = Attribute("sidecar.decision.because", "string", "Why waiting was over, in words.")
LIST = Attribute("sidecar.decision.list", "string", "The list that decided: `allow` or `deny`.")
SHED_SHARE = Attribute(
    "sidecar.decision.shed_share", "double", "The share that is shed of the priority, 0 to 1."
)
CPU = Attribute("sidecar.decision.cpu", "double", "The share of the CPU that was used, 0 to 1.")
CPU_AT_MOST = Attribute("sidecar.decision.cpu_at_most", "double", "The share that is allowed.")
QUEUE_DELAY = Attribute(
    "sidecar.decision.queue_delay_seconds", "double", "How late this host was, in seconds."
)
QUEUE_DELAY_AT_MOST = Attribute(
    "sidecar.decision.queue_delay_at_most_seconds", "double", "How late it may be."
)
DRAWN = Attribute("sidecar.decision.drawn", "double", "The request's lot, 0 to 1.")
PROBLEM = Attribute("sidecar.decision.problem", "string", "What is wrong with a token.")
DELAY = Attribute("sidecar.decision.delay_seconds", "double", "How long a fault lets it wait.")
ABORT_STATUS = Attribute(
    "sidecar.decision.abort_status", "int", "The status that a fault answers with."
)
ERROR_RATIO = Attribute(
    "sidecar.decision.error_ratio", "double", "The share of errors that a breaker has counted."
)
ERROR_RATIO_LIMIT = Attribute(
    "sidecar.decision.error_ratio_limit", "double", "The share from which on it opens."
)
ERROR_RATIO_REQUESTS = Attribute(
    "sidecar.decision.error_ratio_requests", "int", "Of how many requests that is the share."
)
ERROR_RATIO_AT_LEAST = Attribute(
    "sidecar.decision.error_ratio_at_least", "int", "How many it must be for it to open."
)
ERROR_RATIO_OVER = Attribute(
    "sidecar.decision.error_ratio_over_seconds", "double", "How far back it counts."
)
SLOW_RATIO = Attribute(
    "sidecar.decision.slow_ratio", "double", "The share of slow requests that it has counted."
)
SLOW_RATIO_LIMIT = Attribute(
    "sidecar.decision.slow_ratio_limit", "double", "The share from which on it opens."
)
SLOW_RATIO_REQUESTS = Attribute(
    "sidecar.decision.slow_ratio_requests", "int", "Of how many requests that is the share."
)
SLOW_RATIO_AT_LEAST = Attribute(
    "sidecar.decision.slow_ratio_at_least", "int", "How many it must be for it to open."
)
SLOW_RATIO_OVER = Attribute(
    "sidecar.decision.slow_ratio_over_seconds", "double", "How far back it counts."
)
CONSECUTIVE_ERRORS = Attribute(
    "sidecar.decision.consecutive_errors", "int", "Errors in a row that a breaker has counted."
)
CONSECUTIVE_ERRORS_LIMIT = Attribute(
    "sidecar.decision.consecutive_errors_limit", "int", "How many open it."
)
OPENINGS = Attribute(
    "sidecar.decision.openings", "int", "How often it has opened since it was last well."
)
NEXT_PROBE = Attribute(
    "sidecar.decision.next_probe_seconds", "double", "When it lets the next request through."
)
PROBES_GOOD = Attribute("sidecar.decision.probes_good", "int", "Probes that have succeeded.")
PROBES_BAD = Attribute("sidecar.decision.probes_bad", "int", "Probes that have failed.")
PROBES_OUT = Attribute("sidecar.decision.probes_out", "int", "Probes that have not ended.")
PROBES_ENOUGH = Attribute(
    "sidecar.decision.probes_enough", "int", "How many have to succeed for it to close."
)
FORCED = Attribute(
    "sidecar.decision.forced", "string", "What an operator keeps a breaker at: `open` or `closed`."
)
FORCED_SECONDS = Attribute(
    "sidecar.decision.forced_seconds", "double", "For how much longer that is so."
)

# --- what operators changed, and telemetry itself
CONTROL = Attribute(
    "sidecar.control.kind",
    "string",
    "`override`, `switch` or `breaker`: what operators changed.",
    "control",
)
CONTROL_TARGET = Attribute(
    "sidecar.control.target", "string", "What was changed: a glob over rules, or a name."
)
CONTROL_SETTING = Attribute("sidecar.control.setting", "string", "What it was set to.")
CONTROL_BY = Attribute("sidecar.control.by", "string", "Who changed it.")
RESULT = Attribute("sidecar.result", "string", "`success` or `failure`.", "result")
RESOURCE = Attribute(
    "sidecar.resource",
    "string",
    "What is used or waited for: `cpu`, `memory`, `io`, or a bound of the sidecar's own.",
    "resource",
)
PRESSURE_SCOPE = Attribute(
    "sidecar.pressure.scope", "string", "Whose pressure: `container`, else `host`.", "scope"
)
PRESSURE_STALLED = Attribute(
    "sidecar.pressure.stalled", "string", "`some` of the tasks, or `full`: all of them.", "stalled"
)
MEMORY_EVENT = Attribute(
    "sidecar.memory.event", "string", "`high`, `max`, `oom` or `oom_kill`, as the kernel has it.",
    "event",
)  # fmt: skip
GENERATION = Attribute(
    "sidecar.gc.generation", "int", "How old what was looked at is: 0 to 2.", "generation"
)
SLO = Attribute("sidecar.slo.name", "string", "The name of an objective in `slo`.", "slo")
SLO_OUTCOME = Attribute(
    "sidecar.slo.outcome", "string", "`good`, `bad`, or `shed` by a rule.", "outcome"
)
SIGNAL = Attribute(
    "sidecar.telemetry.signal",
    "string",
    "`records` (one a request, of which spans and log records are made), `traces`, `logs`, "
    "`metrics`, or `audit` (lines of the audit log).",
    "signal",
)
EXPORTER = Attribute(
    "sidecar.exporter",
    "string",
    "Whom telemetry is sent to: `elasticsearch`, `otlp` or `files`; empty for what was lost before "
    "it was anyone's.",
    "exporter",
)

# --- what events are told with
LOOKUP_ADDRESSES = Attribute(
    "sidecar.lookup.addresses", "int", "How many addresses of an upstream are known."
)
PID = Attribute("process.pid", "int", "The process.")
PREVIOUS_RULES = Attribute(
    "sidecar.rules.previous_version", "string", "The version that was in force before."
)
INBOUND_SOCKET = Attribute("sidecar.inbound", "string", "Where the inbound listener listens.")
OUTBOUND_SOCKET = Attribute("sidecar.outbound", "string", "Where the outbound listener listens.")
LOCAL_SOCKETS = Attribute(
    "sidecar.local", "string[]", "Where upstreams have a port of their own, as `NAME=ADDRESS`."
)
PROMETHEUS_SOCKET = Attribute("sidecar.prometheus", "string", "Where metrics can be scraped.")
ADMIN_SOCKET = Attribute("sidecar.admin", "string", "Where operators are answered.")
ADMIN_PORT = Attribute("sidecar.admin_port", "string", "Where they are over the network.")
CONTROL_SOCKET = Attribute("sidecar.control", "string", "Where a successor asks for sockets.")
#: How code names them where a keyword must do; any other keyword is ``sidecar.KEYWORD``.
KEYWORDS: Final = {
    "exporter": EXPORTER,
    "changed": CONTROL,
    "target": CONTROL_TARGET,
    "setting": CONTROL_SETTING,
    "by": CONTROL_BY,
    "pid": PID,
    "version": RULES_VERSION,
    "before": PREVIOUS_RULES,
}

ATTRIBUTES: Final[tuple[Attribute, ...]] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Attribute)
)

# --- what happens to the sidecar itself
REQUEST: Final = Event("sidecar.request", "A request has ended; `ERROR` when its status is a 5xx.")
DECISION: Final = Event(
    "sidecar.decision",
    "A rule has refused a request, would have in shadow mode, or a fallback has answered.",
)
EVENTS: Final[tuple[Event, ...]] = (
    Event("sidecar.lookup", "The name of an upstream cannot be looked up, or can be again."),
    REQUEST,
    DECISION,
    Event("sidecar.started", "The sidecar listens."),
    Event(
        "sidecar.reload",
        "Changed rules are in force; `ERROR` when they have a mistake and those before stay.",
    ),
    Event(
        "sidecar.file",
        "A changed list or other file of the rules is in force; `ERROR` when it cannot be used.",
    ),
    Event(
        "sidecar.certificate",
        "A listener uses a new certificate; `ERROR` when it cannot and keeps the one it has.",
    ),
    Event(
        "sidecar.descriptors",
        "The system allows fewer open files than the rules allow connections.",
    ),
    Event("sidecar.overload", "A rule has begun to shed requests, or has not for five seconds."),
    Event("sidecar.breaker", "A breaker has opened, closed, or begun to probe."),
    Event(
        "sidecar.endpoint",
        "An endpoint is ejected or fails its health checks, or gets requests again.",
    ),
    Event(
        "sidecar.backend",
        "A backend of telemetry does not take what it is sent, or does again; or the exporter has "
        "ended by itself.",
    ),
    Event("sidecar.control", "Somebody has changed something by hand, or its time is over."),
    Event(
        "sidecar.service", "The service that was started has ended by itself, or had to be killed."
    ),
    Event("sidecar.draining", "No new requests; the running ones are finished."),
    Event(
        "sidecar.internal_error",
        "A bug of the sidecar's: one connection was cut, all others go on.",
    ),
    Event("sidecar.stopped", "The last thing said."),
)
