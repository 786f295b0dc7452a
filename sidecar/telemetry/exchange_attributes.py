"""What is told of an exchange under the names of OpenTelemetry, in spans and in logs alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sidecar.model.priority import WORDS
from sidecar.telemetry import attributes as a
from sidecar.telemetry.metrics import FAULTS_OF_CLIENTS, method_label
from sidecar.telemetry.record import ExchangeRecord
from sidecar.telemetry.redaction import readable, split_host, split_target
from sidecar.telemetry.signals import AttributeValue

_NANOSECONDS: Final = 1_000_000_000


def nanoseconds(seconds: float) -> int:
    """Seconds as a whole number of nanoseconds."""
    return round(seconds * _NANOSECONDS)


def milliseconds(seconds: float) -> float:
    """Seconds as milliseconds, to the microsecond."""
    return round(seconds * 1e6) / 1000


def since(record: ExchangeRecord, moment: float, offset: float) -> int:
    """A monotonic moment as nanoseconds since 1970; never before the exchange began.

    Distances within one exchange are exact: seconds since 1970 alone have too few digits.
    """
    began = nanoseconds(record.started + offset)
    return began + nanoseconds(max(moment - record.started, 0.0))


def error_type(record: ExchangeRecord) -> str:
    """Why it is an error, as ``http.server.request.duration`` has it; empty when it is none.

    A 4xx is none, our own 429 neither, nor is a client that went away or was given a fallback's
    answer.
    """
    status, reason = record.status, record.reason
    if record.fallback or reason in FAULTS_OF_CLIENTS or 400 <= status < 500:
        reason = ""
    return reason or (str(status) if status >= 500 else "")


def exchange_attributes(record: ExchangeRecord) -> dict[str, AttributeValue]:
    """What was asked, what was answered, and what the sidecar did about it."""
    return {name: value for name, value in _told(record) if value or value == 0}


def _told(record: ExchangeRecord) -> Iterator[tuple[str, AttributeValue]]:
    yield from _asked(record)
    yield from _answered(record)
    yield from _done(record)


def _asked(record: ExchangeRecord) -> Iterator[tuple[str, AttributeValue]]:
    method = method_label(record.method)
    path, query = split_target(record.target)
    address, port = split_host(record.host)
    yield a.METHOD.name, method
    if method == a.OTHER_METHOD:
        yield a.METHOD_ORIGINAL.name, record.method
    yield a.SCHEME.name, record.scheme
    yield a.PATH.name, readable(path)
    yield a.QUERY.name, readable(query)
    yield a.ROUTE.name, record.route
    yield a.SERVER_ADDRESS.name, address
    if port:
        yield a.SERVER_PORT.name, port
    yield a.CLIENT_ADDRESS.name, readable(record.client)
    yield a.REQUEST_BODY.name, record.bytes_received


def _answered(record: ExchangeRecord) -> Iterator[tuple[str, AttributeValue]]:
    if record.status:
        yield a.STATUS.name, record.status
    yield a.ERROR_TYPE.name, error_type(record)
    yield a.RESPONSE_BODY.name, record.bytes_sent


def _done(record: ExchangeRecord) -> Iterator[tuple[str, AttributeValue]]:
    kind, _, name = record.rule.partition("/")
    yield a.LISTENER.name, record.listener
    yield a.OVERHEAD.name, milliseconds(record.overhead_seconds)
    yield a.PRIORITY.name, WORDS[record.priority]
    yield a.RULES_VERSION.name, record.version
    yield a.UPSTREAM.name, record.upstream
    yield a.ENDPOINT.name, record.endpoint
    if record.attempts:
        yield a.ATTEMPTS.name, record.attempts
    yield a.REASON.name, record.reason
    yield a.RULE_KIND.name, kind
    yield a.RULE_NAME.name, name
    yield a.FALLBACK.name, record.fallback
    yield a.WOULD_REFUSE.name, list(record.shadow)
