"""The metrics of exporters; part of the catalogue."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Kind, Metric

_EXPORTER: Final = (a.SERVICE, a.EXPORTER)

#: From a node next door to a batch that a busy cluster takes its time with.
EXPORT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

SENT: Final = Metric(
    "sidecar_telemetry_sent_total",
    Kind.COUNTER,
    "Documents, or spans, log records and metrics, that a backend has.",
    (*_EXPORTER, a.SIGNAL),
    counted="item",
)
REQUESTS: Final = Metric(
    "sidecar_telemetry_export_requests_total",
    Kind.COUNTER,
    "Deliveries to a backend: those that it took, and those that failed, in part too.",
    (*_EXPORTER, a.RESULT),
    counted="request",
)
SECONDS: Final = Metric(
    "sidecar_telemetry_export_seconds",
    Kind.HISTOGRAM,
    "How long a delivery to a backend took.",
    _EXPORTER,
    unit="seconds",
    buckets=EXPORT_BUCKETS,
)
UP: Final = Metric(
    "sidecar_telemetry_exporter_up",
    Kind.GAUGE,
    "1 while a backend takes what it is sent, 0 since it failed to.",
    _EXPORTER,
    counted="exporter",
)
QUEUE: Final = Metric(
    "sidecar_telemetry_queue_bytes",
    Kind.GAUGE,
    "What waits for a backend in memory.",
    _EXPORTER,
    unit="bytes",
)
AGE: Final = Metric(
    "sidecar_telemetry_queue_age_seconds",
    Kind.GAUGE,
    "How long the oldest of what waits for a backend has waited, in memory or on disk.",
    _EXPORTER,
    unit="seconds",
)
SPOOL: Final = Metric(
    "sidecar_telemetry_spool_bytes",
    Kind.GAUGE,
    "What waits for a backend on disk.",
    _EXPORTER,
    unit="bytes",
)
SPOOLED: Final = Metric(
    "sidecar_telemetry_spool_documents",
    Kind.GAUGE,
    "How many documents wait for a backend on disk.",
    _EXPORTER,
    counted="document",
)
RESTARTS: Final = Metric(
    "sidecar_telemetry_exporter_restarts_total",
    Kind.COUNTER,
    "How often the exporter's process had ended without being told to, and was started again.",
    (a.SERVICE,),
    counted="restart",
)
MEMORY: Final = Metric(
    "sidecar_telemetry_exporter_memory_bytes",
    Kind.GAUGE,
    "Resident memory of the exporter's process.",
    (a.SERVICE,),
    unit="bytes",
)
CPU: Final = Metric(
    "sidecar_telemetry_exporter_cpu_seconds_total",
    Kind.COUNTER,
    "CPU time spent by the exporter's process.",
    (a.SERVICE,),
    unit="seconds",
)
