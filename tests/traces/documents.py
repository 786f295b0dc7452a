"""Documents in the ``otel`` layout for tests, and a trace of four services made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
#: 2025-11-11 00:00:00 UTC, in nanoseconds.
MIDNIGHT = 1_762_819_200_000_000_000
_MILLI = 1_000_000


def span_document(
    service: str,
    name: str,
    span_id: str,
    parent: str = "",
    *,
    at_ms: float = 0,
    ms: float = 1,
    kind: str = "Server",
    trace_id: str = TRACE,
    status: str = "",
    **attributes: Any,
) -> dict[str, Any]:
    """A span's document; ``at_ms`` counts from ``MIDNIGHT``, ``__`` in names stands for a dot."""
    document: dict[str, Any] = {
        "@timestamp": timestamp(MIDNIGHT + round(at_ms * _MILLI)),
        "data_stream": {"type": "traces", "dataset": "governance.otel", "namespace": "default"},
        "trace_id": trace_id,
        "span_id": span_id,
        "name": name,
        "kind": kind,
        "duration": round(ms * _MILLI),
        "attributes": {name.replace("__", "."): value for name, value in attributes.items()},
        "links": [],
        "status": {"code": status} if status else {},
        "resource": {"attributes": {"service.name": service, "host.name": f"{service}-1"}},
        "scope": {"name": "sidecar", "version": "0.5.0"},
    }
    if parent:
        document["parent_span_id"] = parent
    return document


def event_document(
    name: str, span_id: str, *, at_ms: float = 0, trace_id: str = TRACE, **attributes: Any
) -> dict[str, Any]:
    """The document of something that happened within a span."""
    return {
        "@timestamp": timestamp(MIDNIGHT + round(at_ms * _MILLI)),
        "data_stream": {"type": "logs", "dataset": "governance.otel", "namespace": "default"},
        "trace_id": trace_id,
        "span_id": span_id,
        "event_name": name,
        "attributes": {
            "event.name": name,
            **{name.replace("__", "."): value for name, value in attributes.items()},
        },
        "resource": {"attributes": {"service.name": "order"}},
        "scope": {"name": "sidecar"},
    }


def timestamp(nanoseconds: int) -> str:
    """Milliseconds with a fraction, as the collector's exporter writes them."""
    whole, rest = divmod(nanoseconds, _MILLI)
    return f"{whole}.{rest}" if not rest else f"{whole}.{rest:06}".rstrip("0")


SHOP: Sequence[dict[str, Any]] = (
    span_document("web", "POST checkout", "000000000000000a", ms=152, status="Error",
                  http__response__status_code=503, sidecar__trace__kept="error"),
    span_document("web", "POST orders", "000000000000000b", "000000000000000a", at_ms=2, ms=149,
                  kind="Internal", status="Error", http__response__status_code=503),
    span_document("web", "POST order", "000000000000000c", "000000000000000b", at_ms=2.5, ms=148,
                  kind="Client", status="Error", http__response__status_code=503,
                  server__address="10.0.0.5", server__port=8080),
    span_document("order", "POST place-order", "000000000000000d", "000000000000000c", at_ms=3,
                  ms=146.5, status="Error", http__response__status_code=503),
    span_document("order", "GET stock", "000000000000000e", "000000000000000d", at_ms=5, ms=40,
                  kind="Internal", http__response__status_code=200),
    span_document("order", "GET inventory", "000000000000000f", "000000000000000e", at_ms=5.2,
                  ms=11, kind="Client", status="Error", error__type="connect_failure",
                  server__address="10.0.0.7", server__port=8080),
    span_document("order", "GET inventory", "0000000000000010", "000000000000000e", at_ms=21,
                  ms=23, kind="Client", http__response__status_code=200,
                  http__request__resend_count=1, server__address="10.0.0.8", server__port=8080),
    span_document("inventory", "GET stock", "0000000000000011", "0000000000000010", at_ms=21.4,
                  ms=22, http__response__status_code=200),
    event_document("sidecar.breaker", "000000000000000d", at_ms=60, sidecar__breaker__state="open",
                   body="breaker pay is open for 2s: 8 requests in a row failed"),
)  # fmt: skip


def write(folder: Path, documents: Sequence[dict[str, Any]], name: str = "traces.ndjson") -> Path:
    """A file of these documents, one a line."""
    path = folder / name
    with path.open("ab") as file:
        file.writelines(msgspec.json.encode(one) + b"\n" for one in documents)
    return path
