"""Traces and logs, two rows: which traces are kept, and one of them whole."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import logs, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import documents
from dashboards.sources import SPANS
from dashboards.tables import Column, columns, largest_first
from dashboards.waterfall import Waterfall
from sidecar.telemetry import attributes as a

_KEPT: Final = documents.field(a.KEPT)
_ERROR: Final = documents.field(a.ERROR_TYPE)
_ROUTE: Final = documents.field(a.ROUTE)
_STATUS: Final = documents.field(a.STATUS)
_TRACE: Final = Column("Trace", links=(links.trace_of_cell(),), width=300)


def _kept() -> timeseries.Panel:
    return panels.courses(
        "Kept traces, by why",
        "Requests whose spans are kept, in each step of the time shown: `error`, `refused`, "
        "`degraded` and `slow` always, `sampled` by chance. More of one of the first four than "
        "usual is where to look.",
        units.Short,
        documents.counted_over_time(documents.spans(), (documents.SERVICE, _KEPT)),
        source=SPANS,
    ).min(0)


def _failing() -> timeseries.Panel:
    return panels.courses(
        "Failed requests, by reason",
        "Spans of requests that failed, by the sidecar's reason, else by status. The same reason "
        "at several services: follow the calls to the last one; take a trace below.",
        units.Short,
        documents.counted_over_time(documents.failed_spans(), (documents.SERVICE, _ERROR)),
        source=SPANS,
    ).min(0).no_value("none")  # fmt: skip


def _slowest() -> table.Panel:
    panel = panels.found(
        "Slowest kept traces",
        "The longest requests of the time shown. Click a trace: its waterfall says who waited for "
        "whom. Much of the time in one span without any below it: that service is the slow one.",
        units.NoUnit,
        documents.longest_traces(documents.spans()),
        source=SPANS,
    )
    shown = {
        "trace_id": _TRACE,
        documents.SERVICE: Column("Service"),
        "name": Column("Request"),
        "Max": Column(
            "Took", unit=units.Nanoseconds, thresholds=looks.the_more_the_worse(1e9, 5e9)
        ),
    }
    return columns(panel, shown).sort_by(largest_first("Took")).span(12).height(9)


def _failed() -> table.Panel:
    panel = panels.found(
        "Failed traces",
        "The newest requests that failed. Click a trace; the span that is red furthest down is "
        "where it began.",
        units.NoUnit,
        documents.documents(documents.failed_spans(), 50),
        source=SPANS,
    )
    shown = {
        "@timestamp": Column("When", width=170),
        "trace_id": _TRACE,
        documents.SERVICE: Column("Service"),
        "name": Column("Request"),
        _STATUS: Column("Status", width=70),
        _ERROR: Column("Error"),
    }
    return columns(panel, shown).span(12).height(9).no_value("none")


def _routes() -> table.Panel:
    panel = panels.found(
        "Kept spans, by service, why and error",
        "How many requests are kept of each sort; what passed without an error has none. For how "
        "many there were in all ask the service dashboard: here are only those that were kept.",
        units.NoUnit,
        documents.counted_by(documents.spans(), (documents.SERVICE, _ROUTE, _KEPT), 20),
        source=SPANS,
    )
    shown = {
        documents.SERVICE: Column("Service"),
        _ROUTE: Column("Route"),
        _KEPT: Column("Kept because"),
        "Count": Column("Requests", unit=units.Short, decimals=0),
    }
    return columns(panel, shown).sort_by(largest_first("Requests")).height(7)


FOUND: Final = Row(
    "Which requests are worth a look?",
    (_kept().span(12), _failing().span(12), _slowest(), _failed(), _routes()),
)


def _waterfall() -> Waterfall:
    return Waterfall(
        "The trace",
        "Put an id into `trace` above, or click one in a table or a log line. Wide bars without "
        "anything below them are where the time went; red ones failed. Needs `sidecar traces "
        "serve`; in a terminal: `sidecar trace ID`.",
        "$trace",
    )


def _of_trace() -> logs.Panel:
    return panels.records(
        "What was said in this trace",
        "Decisions, requests, events and the services' own lines that carry its id, newest "
        "first. A service that logs no trace id is missing here: let it log `traceparent`.",
        documents.newest(documents.of_trace(), 200),
    )


ONE: Final = Row("One trace", (_waterfall(), _of_trace()))
