"""Records for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.telemetry.record import ExchangeRecord

_PLAIN = ExchangeRecord(
    started=100.25,
    seconds=0.0123456,
    overhead_seconds=0.000210,
    listener="inbound",
    method="GET",
    host=b"shop.example:8080",
    target=b"/orders/17?page=2",
    route="orders",
    status=200,
    reason="",
    rule="",
    client=b"192.0.2.7",
    bytes_received=0,
    bytes_sent=201,
    upstream="app",
    endpoint="127.0.0.1:9000",
    attempts=1,
    trace_id=b"4bf92f3577b34da6a3ce929d0e0e4736",
    span_id=b"00f067aa0ba902b7",
    parent_id=b"",
    sampled=False,
    shadow=(),
    version="3-9f3c",
)


def make_record(**changes: Any) -> ExchangeRecord:
    """A plain record of an answered request, with these changes."""
    return msgspec.structs.replace(_PLAIN, **changes)
