"""Makes spans of records, as OpenTelemetry's conventions for HTTP want them (1.44)."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.decided import decisions_of
from sidecar.telemetry.evidence import Finding, Said
from sidecar.telemetry.exchange_attributes import (
    error_type,
    exchange_attributes,
    nanoseconds,
    since,
)
from sidecar.telemetry.findings import outcome_of
from sidecar.telemetry.metrics import FAULTS_OF_CLIENTS, method_label
from sidecar.telemetry.record import ExchangeRecord, Try
from sidecar.telemetry.redaction import readable, split_host, split_target
from sidecar.telemetry.signals import AttributeValue, Span, SpanEvent, SpanKind, SpanStatus

#: The listener that others call the service by; all others are its own way out.
_INBOUND: Final = "inbound"
_UNIX: Final = "unix:"
#: How the name of a span begins whose method nobody knows.
_ANY_METHOD: Final = "HTTP"


def spans_of(record: ExchangeRecord, offset: float) -> list[Span]:
    """The exchange's span, and one below it for each time that an endpoint was asked.

    ``offset`` is added to monotonic seconds to get those since 1970. Nothing when the record
    belongs to no trace, as that of a head which could not be read.
    """
    if not record.trace_id or not record.span_id:
        return []
    tries = [_of_try(record, number, one, offset) for number, one in enumerate(record.tries)]
    return [_of_exchange(record, offset), *tries]


def _of_exchange(record: ExchangeRecord, offset: float) -> Span:
    start = since(record, record.started, offset)
    attributes = exchange_attributes(record)
    attributes[a.PROTOCOL_VERSION.name] = f"1.{record.minor}"
    if record.kept:
        attributes[a.KEPT.name] = record.kept.value
    return Span(
        trace_id=readable(record.trace_id),
        span_id=readable(record.span_id),
        parent_span_id=readable(record.parent_id),
        trace_state=readable(record.trace_state),
        flags=int(record.sampled),
        name=_name(record.method, record.route),
        kind=SpanKind.SERVER if record.listener == _INBOUND else SpanKind.INTERNAL,
        start=start,
        end=start + nanoseconds(max(record.seconds, 0.0)),
        attributes=attributes,
        events=_events(record, offset),
        status=SpanStatus.ERROR if error_type(record) else SpanStatus.UNSET,
    )


def _of_try(record: ExchangeRecord, number: int, one: Try, offset: float) -> Span:
    start = since(record, one.asked, offset)
    error = _error_of_try(one)
    return Span(
        trace_id=readable(record.trace_id),
        span_id=readable(one.span_id),
        parent_span_id=readable(record.span_id),
        trace_state=readable(record.trace_state),
        flags=int(record.sampled),
        name=_name(record.method, one.upstream),
        kind=SpanKind.CLIENT,
        start=start,
        end=max(start, since(record, one.ended, offset)),
        attributes=_of_call(record, number, one, error),
        status=SpanStatus.ERROR if error else SpanStatus.UNSET,
    )


def _of_call(
    record: ExchangeRecord, number: int, one: Try, error: str
) -> dict[str, AttributeValue]:
    method = method_label(record.method)
    address, port = _asked_at(record, one)
    told: dict[str, AttributeValue] = {
        a.METHOD.name: method,
        a.URL_FULL.name: _url(record, one),
        a.PROTOCOL_VERSION.name: "1.1",
        a.UPSTREAM.name: one.upstream,
    }
    if one.endpoint:
        told[a.SERVER_ADDRESS.name] = address
        told[a.ENDPOINT.name] = one.endpoint
    if one.endpoint and port:
        told[a.SERVER_PORT.name] = port
    if method == a.OTHER_METHOD and record.method:
        told[a.METHOD_ORIGINAL.name] = record.method
    if number:
        told[a.RESEND_COUNT.name] = number
    if one.status:
        told[a.STATUS.name] = one.status
    if one.reason:
        told[a.REASON.name] = one.reason
    if error:
        told[a.ERROR_TYPE.name] = error
    return told


def _asked_at(record: ExchangeRecord, one: Try) -> tuple[str, int]:
    """The address that was asked and its port, or the path of a socket and 0."""
    if _is_any_host(one):
        return split_host(record.host)
    return split_host(one.endpoint.removeprefix(_UNIX).encode())


def _is_any_host(one: Try) -> bool:
    """Whether its endpoint is but the word for all hosts that no rule names."""
    return ":" not in one.endpoint


def _error_of_try(one: Try) -> str:
    """Seen by who asks, a 4xx is an error too; a client that went away is nobody's."""
    if one.reason in FAULTS_OF_CLIENTS:
        return ""
    return one.reason or (str(one.status) if one.status >= 400 else "")


def _url(record: ExchangeRecord, one: Try) -> str:
    path, query = split_target(record.target)
    # A Unix socket has no name in a URL: the host that was asked for has.
    authority = one.endpoint
    if _is_any_host(one) or authority.startswith(_UNIX):
        authority = readable(record.host)
    mark = "?" if query else ""
    return f"{one.scheme}://{authority}{readable(path)}{mark}{readable(query)}"


def _name(method: str, target: str) -> str:
    known = method_label(method)
    first = _ANY_METHOD if known == a.OTHER_METHOD else known
    return f"{first} {target}" if target else first


# --- what happened within it


def _events(record: ExchangeRecord, offset: float) -> tuple[SpanEvent, ...]:
    events = [*_decisions(record, offset), *_notices(record, offset)]
    return tuple(sorted(events, key=_when)) if len(events) > 1 else tuple(events)


def _when(event: SpanEvent) -> int:
    return event.at


def _decisions(record: ExchangeRecord, offset: float) -> list[SpanEvent]:
    """What rules said of it, in short; the log has the numbers."""
    evidence = record.evidence
    parked = [one for one in evidence.decisive if one.said is Said.PARKED] if evidence else []
    return [
        SpanEvent(_decided_at(record, one, offset), a.DECISION.name, _decision(one))
        for one in (*parked, *decisions_of(record))
    ]


def _decided_at(record: ExchangeRecord, finding: Finding, offset: float) -> int:
    """Rules are asked at once; who answers by itself does so at the end."""
    late = finding.said is Said.APPLIED or (finding.said is Said.REFUSED and not record.fallback)
    return since(record, record.started + (record.seconds if late else 0.0), offset)


def _decision(finding: Finding) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        a.OUTCOME.name: outcome_of(finding),
        a.RULE_KIND.name: finding.rule.kind,
        a.RULE_NAME.name: finding.rule.name,
        a.RULE_MODE.name: finding.rule.mode.value,
    }
    step = finding.facts.get("step")
    if step is not None:
        told[a.STEP.name] = str(step)
    return told


def _notices(record: ExchangeRecord, offset: float) -> list[SpanEvent]:
    return [
        SpanEvent(
            since(record, one.at, offset),
            one.notice.event,
            {a.BODY.name: one.notice.text, **one.notice.facts},
        )
        for one in record.noticed
    ]
