"""What is logged of one request, under which names."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sidecar.telemetry import attributes as a
from sidecar.telemetry.catalogue import KNOWN_METHODS, OTHER_METHOD, Severity
from sidecar.telemetry.clock import moment
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable, split_host, split_target

#: Looked up once, not for every request.
ERROR: Final = Severity.ERROR.value
INFO: Final = Severity.INFO.value
REQUEST: Final = a.REQUEST.name


class RequestLine(
    msgspec.Struct,
    omit_defaults=True,
    gc=False,
    rename={
        "time": a.TIME.name,
        "severity": a.SEVERITY.name,
        "event_name": a.EVENT_NAME.name,
        "service": a.SERVICE.name,
        "trace_id": a.TRACE_ID.name,
        "span_id": a.SPAN_ID.name,
        "trace_flags": a.TRACE_FLAGS.name,
        "listener": a.LISTENER.name,
        "method": a.METHOD.name,
        "server_address": a.SERVER_ADDRESS.name,
        "path": a.PATH.name,
        "route": a.ROUTE.name,
        "client": a.CLIENT_ADDRESS.name,
        "request_body_bytes": a.REQUEST_BODY.name,
        "response_body_bytes": a.RESPONSE_BODY.name,
        "duration_ms": a.DURATION.name,
        "overhead_ms": a.OVERHEAD.name,
        "rules_version": a.RULES_VERSION.name,
        "parent_id": a.PARENT_SPAN_ID.name,
        "status": a.STATUS.name,
        "query": a.QUERY.name,
        "server_port": a.SERVER_PORT.name,
        "method_original": a.METHOD_ORIGINAL.name,
        "upstream": a.UPSTREAM.name,
        "endpoint": a.ENDPOINT.name,
        "attempts": a.ATTEMPTS.name,
        "reason": a.REASON.name,
        "rule_kind": a.RULE_KIND.name,
        "rule_name": a.RULE_NAME.name,
        "would_refuse": a.WOULD_REFUSE.name,
        "fallback": a.FALLBACK.name,
        "kept": a.KEPT.name,
    },
):
    """A request as it is logged; what has nothing to say is left out."""

    time: datetime
    severity: str
    event_name: str
    service: str
    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    trace_flags: str = ""
    listener: str = ""
    client: str = ""
    method: str = ""
    method_original: str = ""
    server_address: str = ""
    server_port: int = 0
    path: str = ""
    query: str = ""
    route: str = ""
    status: int = 0
    # Never so, and therefore always there.
    request_body_bytes: int = -1
    response_body_bytes: int = -1
    duration_ms: float = -1.0
    overhead_ms: float = -1.0
    upstream: str = ""
    endpoint: str = ""
    attempts: int = 0
    reason: str = ""
    rule_kind: str = ""
    rule_name: str = ""
    would_refuse: tuple[str, ...] = ()
    rules_version: str = ""
    fallback: str = ""
    kept: str = ""


def request_line(record: ExchangeRecord, service: str, offset: float) -> RequestLine:
    """The line of a request; ``offset`` is added to monotonic seconds to get those since 1970."""
    method = record.method
    known = method in KNOWN_METHODS or not method
    path, query = split_target(record.target)
    address, port = split_host(record.host)
    rule_kind, _, rule_name = record.rule.partition("/")
    return RequestLine(
        moment(record.started + offset),
        ERROR if record.status >= 500 else INFO,
        REQUEST,
        service,
        readable(record.trace_id),
        readable(record.span_id),
        readable(record.parent_id),
        "01" if record.sampled else "00",
        record.listener,
        readable(record.client),
        method if known else OTHER_METHOD,
        "" if known else method,
        address,
        port,
        readable(path),
        readable(query),
        record.route,
        record.status,
        record.bytes_received,
        record.bytes_sent,
        int(record.seconds * 1e6 + 0.5) / 1000,
        int(record.overhead_seconds * 1e6 + 0.5) / 1000,
        record.upstream,
        record.endpoint,
        record.attempts,
        record.reason,
        rule_kind,
        rule_name,
        record.shadow,
        record.version,
        record.fallback,
        record.kept.value,
    )
