"""What a sidecar itself says of its exporters, on its page of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection

from benchmarks.running import Running

SENT = "sidecar_telemetry_sent_total"
DROPPED = "sidecar_telemetry_dropped_total"
_SAMPLE = re.compile(r"^([a-z_]+)(?:\{[^}]*\})? ([-+.0-9e]+)$", re.MULTILINE)


def told_and_lost(running: Running) -> tuple[int, int]:
    """How many spans, log records and metrics a collector has taken, and how many it never got.

    Lines that are missing in the access log count as lost too.
    """
    page = _page(running.admin_port)
    return count(page, SENT), count(page, DROPPED)


def count(page: str, metric: str) -> int:
    """The sum of all series of a metric."""
    return round(sum(value for name, value in _samples(page) if name == metric))


def _samples(page: str) -> Iterator[tuple[str, float]]:
    for name, value in _SAMPLE.findall(page):
        yield name, float(value)


def _page(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
