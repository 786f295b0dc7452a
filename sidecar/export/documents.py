"""Spans, log records and metrics as documents for Elasticsearch, in its ``otel`` layout.

The layout is that of the OpenTelemetry collector's exporter, and of the templates that
Elasticsearch ships for it. The events of a span are documents beside log records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from sidecar import __version__
from sidecar.export.item import Item, Signal
from sidecar.export.metric_documents import MetricDocuments
from sidecar.export.streams import APPLICATION, GOVERNANCE, Stream, encode, moment
from sidecar.telemetry.signals import (
    SCOPE,
    Attributes,
    LogRecord,
    Metric,
    Resource,
    Span,
    SpanEvent,
    SpanKind,
    SpanStatus,
)
from sidecar.telemetry.unicode_text import mended

_KINDS: Final = {kind: kind.name.capitalize() for kind in SpanKind}
_STATUSES: Final = {status: {"code": status.name.capitalize()} for status in SpanStatus}
_SEVERITY_NUMBERS: Final = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}

_Told = TypeVar("_Told", Span, LogRecord)


class _SpanDocument(
    msgspec.Struct, omit_defaults=True, gc=False, rename={"timestamp": "@timestamp"}
):
    """Fields are given by position. The collector always writes ``links``; so do we."""

    links: tuple[()]
    timestamp: str
    trace_id: str
    span_id: str
    name: str
    kind: str
    duration: int
    status: dict[str, str]
    parent_span_id: str = ""
    trace_state: str = ""
    attributes: Attributes = {}


class _LogDocument(
    msgspec.Struct, omit_defaults=True, gc=False, rename={"timestamp": "@timestamp"}
):
    """Fields are given by position. A span's event has no severity and no body."""

    timestamp: str
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    attributes: Attributes = {}
    observed_timestamp: str = ""
    severity_text: str = ""
    severity_number: int = 0
    body: dict[str, str] = {}


class Documents:
    """Makes documents for the data streams of one namespace; ``resource`` is who speaks.

    What cannot be written as JSON is left out: fewer items come back.
    """

    def __init__(self, resource: Resource, namespace: str) -> None:
        def stream(signal: Signal, dataset: str, scope: dict[str, Any]) -> Stream:
            return Stream(signal, dataset, namespace, resource, scope)

        ours = {"name": SCOPE, "version": __version__}
        self._spans = stream(Signal.TRACES, GOVERNANCE, ours)
        self._told = stream(Signal.LOGS, GOVERNANCE, ours)
        # The scope of what a service prints is its own logger, of which nothing is known.
        self._printed = stream(Signal.LOGS, APPLICATION, {})
        self._metrics = MetricDocuments(stream(Signal.METRICS, GOVERNANCE, ours))

    def spans(self, spans: Sequence[Span]) -> list[Item]:
        """A document of each span, and one of each of its events."""
        return _made(self._of_span, spans)

    def logs(self, logs: Sequence[LogRecord]) -> list[Item]:
        """A document of each log record."""
        return _made(self._of_log, logs)

    def metrics(self, metrics: Sequence[Metric]) -> list[Item]:
        """A document for each moment and set of attributes, with all metrics that have them.

        These are all metrics at one moment: histograms are told as what came since the call before.
        """
        return self._metrics.items(metrics)

    def _of_span(self, span: Span) -> Iterator[Item]:
        document = _SpanDocument(
            (),
            moment(span.start),
            span.trace_id,
            span.span_id,
            span.name,
            _KINDS[span.kind],
            span.end - span.start,
            _STATUSES[span.status],
            span.parent_span_id,
            span.trace_state,
            span.attributes,
        )
        identity = f"{span.trace_id}{span.span_id}"
        yield self._spans.item(encode(document), identity.encode("ascii"))
        for place, event in enumerate(span.events):
            yield self._of_event(span, event, f"{identity}{place}")

    def _of_event(self, span: Span, event: SpanEvent, identity: str) -> Item:
        document = _LogDocument(
            moment(event.at),
            span.trace_id,
            span.span_id,
            event.name,
            {**event.attributes, "event.name": event.name},
        )
        return self._told.item(encode(document), identity.encode("ascii"))

    def _of_log(self, log: LogRecord) -> Iterator[Item]:
        attributes = log.attributes
        if log.event_name:
            attributes = {**attributes, "event.name": log.event_name}
        else:
            attributes = _field_names(attributes)
        document = encode(
            _LogDocument(
                moment(log.at),
                log.trace_id,
                log.span_id,
                log.event_name,
                attributes,
                moment(log.observed),
                log.severity,
                _SEVERITY_NUMBERS.get(log.severity, 0),
                {"text": log.body} if log.body else {},
            )
        )
        # A record without the name of an event is a line that the service has printed.
        stream = self._told if log.event_name else self._printed
        yield stream.item(document, document)


def _made(make: Callable[[_Told], Iterator[Item]], told: Sequence[_Told]) -> list[Item]:
    items: list[Item] = []
    for one in told:
        try:
            items += make(one)
        except UnicodeEncodeError:
            # Half a surrogate, which a service has printed.
            items += make(msgspec.convert(mended(msgspec.to_builtins(one)), type(one)))
        except (TypeError, ValueError, OverflowError):
            continue
    return items


def _field_names(attributes: Attributes) -> Attributes:
    """The same without empty names: for one of them Elasticsearch refuses the whole document."""
    if all(map(str.strip, attributes)):
        return attributes
    return {name if name.strip() else "_": value for name, value in attributes.items()}
