"""Each governed proxy is shown to do what the table says before its cost is compared."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.collector import Collector
from benchmarks.running import Running
from benchmarks.targets import OPEN_LIMITS, Target
from benchmarks.workplace import Workplace

#: An address of this machine that the access lists deny.
DENIED_ADDRESS = "127.9.0.1"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
#: Sent at once against limits of five a second: some of them must be refused.
BURST = 30
LOG_WITHIN_SECONDS = 5.0
#: Of so many requests about one in a hundred is exported: some, and not a tenth.
TRACED = 1_000
MOST_EXPORTED = TRACED // 10
#: Envoy sends its spans every five seconds, or 512 at once.
SPANS_WITHIN_SECONDS = 15.0
MORE_SPANS_SECONDS = 1.0

#: What is proved, in the order of the table, with the words used there.
CLAIMS: Mapping[str, str] = {
    "access": "access list refuses (403)",
    "client_limit": "limit per client address (429)",
    "tenant_limit": "limit per tenant header (429)",
    "record": "JSON access record per request",
    "request_id": "request id",
    "trace_continued": "trace context continued",
    "trace_started": "trace context started",
    "reuse": "upstream connections reused",
    "spans": "1 % of the traces arrive at a collector (OTLP)",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    body: bytes


def prove(target: Target, workplace: Workplace, cores: Iterable[int]) -> dict[str, bool]:
    """Start ``target`` with the measured limits, then with tight ones; say what it does.

    Never raises for a feature that is missing: the table says so.
    """
    proved = dict.fromkeys(CLAIMS, False)
    with (
        Collector() as collector,
        Running(
            target,
            workplace,
            cores,
            name=f"{target.name}-proof",
            values={**OPEN_LIMITS, "COLLECTOR_PORT": str(collector.port)},
        ) as running,
    ):
        proved["access"] = _ask(running.port, source=DENIED_ADDRESS).status == 403
        proved.update(_seen_upstream(running.port))
        proved["record"] = _has_records(running)
        if target.exports_spans:
            proved["spans"] = _exports(running.port, collector)
    for claim, rate, burst in (
        ("client_limit", "CLIENT_RATE", "CLIENT_BURST"),
        ("tenant_limit", "TENANT_RATE", "TENANT_BURST"),
    ):
        tight = {**OPEN_LIMITS, rate: "5", burst: "5"}
        name = f"{target.name}-{claim}"
        with Running(target, workplace, cores, name=name, values=tight) as running:
            proved[claim] = _limits(running.port, by_tenant=claim == "tenant_limit")
    return proved


def _seen_upstream(port: int) -> dict[str, bool]:
    asked = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    first = json.loads(_ask(port, path="/api/echo").body)
    second = json.loads(_ask(port, path="/api/echo", headers=asked).body)
    continued = second["traceparent"].split("-")
    return {
        "request_id": bool(first["request_id"]) and first["request_id"] != second["request_id"],
        "trace_started": len(first["traceparent"].split("-")) == 4,
        # Passing a client's span on unchanged is not taking part in the trace.
        "trace_continued": len(continued) == 4 and continued[1] == TRACE and continued[2] != PARENT,
        "reuse": second["connection"] == first["connection"],
    }


def _limits(port: int, *, by_tenant: bool) -> bool:
    """Whether a burst is cut, and whoever did not send it is not."""
    greedy = [_ask(port, tenant="greedy").status for _ in range(BURST)]
    modest = [_ask(port, tenant=f"modest-{n}").status for n in range(BURST)]
    cut = 429 in greedy and 200 in greedy
    return cut and (set(modest) == {200} if by_tenant else 429 in modest)


def _exports(port: int, collector: Collector) -> bool:
    """Whether spans of some traces arrive, and of most do not."""
    for _ in range(TRACED):
        _ask(port)
    deadline = time.monotonic() + SPANS_WITHIN_SECONDS
    while not collector.traces and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(MORE_SPANS_SECONDS)
    return 0 < len(collector.traces) < MOST_EXPORTED


def _has_records(running: Running) -> bool:
    """Whether a record of a request sent now is written within a while."""
    before = _records(running)
    _ask(running.port, tenant="recorded")
    deadline = time.monotonic() + LOG_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if _records(running) > before:
            return True
        time.sleep(0.1)
    return False


def _records(running: Running) -> int:
    """How many lines of the access log are JSON objects that name a status of 200."""
    if not running.access_log.exists():
        return 0
    count = 0
    for line in running.access_log.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        count += isinstance(record, dict) and 200 in record.values()
    return count


def _ask(
    port: int,
    *,
    path: str = "/api/small",
    source: str = "127.0.0.1",
    tenant: str = "proof",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=5, source_address=(source, 0)
    )
    try:
        connection.request("GET", path, headers={"X-Tenant": tenant, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()
