"""Signals of every kind, and the documents that they must become: ``golden/NAME.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from sidecar import __version__
from sidecar.telemetry.signals import (
    Exemplar,
    LogRecord,
    Metric,
    MetricKind,
    Point,
    Resource,
    Span,
    SpanEvent,
    SpanKind,
    SpanStatus,
)

GOLDEN: Final = Path(__file__).parent / "golden"

#: 2026-01-12T09:30:00.123456789Z
MOMENT: Final = 1_768_210_200_123_456_789
SECOND: Final = 1_000_000_000
TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
SERVER: Final = "00f067aa0ba902b7"
CLIENT: Final = "53995c3f42cd8ad8"

RESOURCE: Final = Resource(
    {
        "service.name": "order",
        "service.instance.id": "order-7f9c-1",
        "service.version": "2.4.1",
        "host.name": "node-3",
        "process.pid": 4711,
    }
)

SPANS: Final = (
    Span(
        trace_id=TRACE,
        span_id=SERVER,
        parent_span_id="b7ad6b7169203331",
        trace_state="congo=t61rcWkgMzE",
        flags=1,
        name="POST orders",
        kind=SpanKind.SERVER,
        start=MOMENT,
        end=MOMENT + 211_000_042,
        attributes={
            "http.request.method": "POST",
            "http.route": "orders",
            "http.response.status_code": 503,
            "url.path": "/orders",
            "error.type": "upstream_error",
            "sidecar.overhead_ms": 1.0,
            "sidecar.shadow.would_refuse": ["rate_limits/per-user", "access/office"],
        },
        events=(
            SpanEvent(
                MOMENT + 1_000_000,
                "sidecar.breaker",
                {"sidecar.rule.name": "payments", "sidecar.breaker.state": "open"},
            ),
            SpanEvent(MOMENT + 1_000_000, "sidecar.breaker", {}),
        ),
        status=SpanStatus.ERROR,
    ),
    Span(
        trace_id=TRACE,
        span_id=CLIENT,
        parent_span_id=SERVER,
        trace_state="",
        flags=1,
        name="POST orders",
        kind=SpanKind.CLIENT,
        start=MOMENT + 5,
        end=MOMENT + 5,
        attributes={},
    ),
)

LOGS: Final = (
    LogRecord(
        at=MOMENT,
        observed=MOMENT + 3 * SECOND,
        severity="WARN",
        event_name="sidecar.decision",
        body="POST orders refused by rate_limits/per-user",
        attributes={
            "sidecar.rule.kind": "rate_limits",
            "sidecar.rule.name": "per-user",
            "sidecar.decision.outcome": "refused",
            "http.response.status_code": 429,
        },
        trace_id=TRACE,
        span_id=SERVER,
        flags=1,
    ),
    LogRecord(
        at=MOMENT - MOMENT % SECOND,
        observed=MOMENT,
        severity="INFO",
        event_name="",
        body="order 17 is placed: 3 × tea",
        attributes={"logger": "shop.orders", "items": 3, "express": False, " ": "nameless"},
        trace_id=TRACE,
    ),
    LogRecord(
        at=MOMENT,
        observed=MOMENT,
        severity="INFO",
        event_name="sidecar.started",
        body="",
        attributes={},
    ),
)

BOUNDS: Final = (0.005, 0.01, 0.025, 0.5)
METRICS: Final = (
    Metric(
        "http.server.request.duration",
        "How long requests took.",
        "s",
        MetricKind.HISTOGRAM,
        (
            Point(
                {"http.request.method": "POST", "http.route": "orders"},
                MOMENT - 10 * SECOND,
                MOMENT,
                1.75,
                (4, 0, 2, 0, 1),
                (Exemplar(MOMENT, 1.5, TRACE),),
            ),
            # Nothing was counted: nothing is told.
            Point({"http.request.method": "GET"}, MOMENT - 10 * SECOND, MOMENT, 0.0, (0,) * 5),
        ),
        BOUNDS,
    ),
    Metric(
        "sidecar.requests.active",
        "Requests that are being served.",
        "{request}",
        MetricKind.GAUGE,
        (Point({}, MOMENT, MOMENT, 3.0),),
    ),
    Metric(
        "sidecar.requests.waiting",
        "Requests that wait.",
        "{request}",
        MetricKind.GAUGE,
        (Point({}, MOMENT, MOMENT, 0.0), Point({"rule": "x"}, MOMENT, MOMENT, float("nan"))),
    ),
    Metric(
        "sidecar.decisions",
        "What rules have decided.",
        "{decision}",
        MetricKind.SUM,
        (
            Point({"rule": "per-user"}, MOMENT - 10 * SECOND, MOMENT, 7.0),
            Point({"rule": "office"}, MOMENT - 10 * SECOND, MOMENT, 2.5),
        ),
    ),
)


def golden(name: str) -> list[dict[str, Any]]:
    """What ``golden/NAME.json`` has: for each document its action and its source."""
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    documents: list[dict[str, Any]] = json.loads(text.replace("SIDECAR_VERSION", __version__))
    return documents
