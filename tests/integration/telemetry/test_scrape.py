"""A real Prometheus, and promtool, read what the sidecar exposes."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.admin.api import make_exporter
from sidecar.admin.server import AdminServer
from sidecar.model.policy import Mode
from sidecar.telemetry.exposition import MetersCollector, expose
from sidecar.telemetry.metrics import LOGS, Meters
from tests.admin.running import Running
from tests.servers.ports import wait_until
from tests.servers.prometheus import Prometheus, check_metrics

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def filled_meters() -> Meters:
    """Meters in which every metric has something to show."""
    meters = Meters("order")
    listener = meters.listener("inbound", "https")
    listener.connections_total = listener.connections_open = 7
    listener.bytes_received, listener.bytes_sent = 1_234_567, 12
    listener.rejected("bad_request", 2)
    listener.overhead.observe(0.00012)
    server = meters.server("inbound", 'odd"route\\name\n')
    server.open("GET", 200).observe(0.3)
    meters.server("inbound", "orders").open("GET", 200).observe(0.3)
    meters.server("inbound", "orders").open("GET", 200).observe(0.004)
    meters.server("inbound", "orders").open("POST", 429, "rate_limited").observe(0.001)
    meters.server("inbound", "orders").open("POST", 504, "request_timeout").observe(30.0)
    meters.server("inbound", "orders").in_flight = 3
    client = meters.client("app", "127.0.0.1:9000")
    client.open("GET", 0, "connect_failure").observe(0.01)
    client.connect_failures("connect_failure")
    meters.client("app", "unix:/run/app.sock").open("GET", 404).observe(0.01)
    meters.decision("rate_limits", "per-client", Mode.ENFORCE).refused = 5
    meters.decision("access", "bots", Mode.SHADOW).refused = 6
    meters.reloads.succeeded("3-9f3c", 1_700_000_000.0)
    meters.loop_lag.observe(0.002)
    meters.dropped(LOGS, "disk_full", 9)
    return meters


async def test_promtool_finds_no_fault() -> None:
    page = await expose(MetersCollector(filled_meters()), "")
    await asyncio.to_thread(check_metrics, page.body)


@pytest.fixture
async def exporter(tmp_path: Path) -> AsyncIterator[tuple[str, Meters]]:
    running = Running(tmp_path)
    running.inside.meters = filled_meters()
    sock = socket.create_server(("127.0.0.1", 0))
    server = await AdminServer.start(make_exporter(running.inside, running.steering), sock)
    yield f"127.0.0.1:{sock.getsockname()[1]}", running.inside.meters
    await server.close()


def exemplars(prometheus: Prometheus) -> list[dict[str, Any]]:
    asked = urllib.parse.urlencode(
        {
            "query": "http_server_request_duration_seconds_bucket",
            "start": "1600000000",
            "end": "1900000000",
        }
    )
    url = f"http://{prometheus.address}/api/v1/query_exemplars?{asked}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return list(json.load(answer)["data"])


def judge(start: Callable[..., Prometheus], address: str) -> None:
    """What Prometheus has is what was counted."""
    prometheus = start(address)
    prometheus.wait_until_scraped()
    wait_until(lambda: bool(prometheus.query("sidecar_build_info")), "the first samples")

    def one(expression: str) -> float:
        # A scrape that a busy machine was late with makes every series stale until the next.
        found: list[float] = []

        def is_there() -> bool:
            found[:] = [value for _, value in prometheus.query(expression)]
            return bool(found)

        wait_until(is_there, expression)
        [value] = found
        return value

    duration = 'http_server_request_duration_seconds{}{{http_route="orders"}}'
    assert one(f"sum({duration.format('_count')})") == 4
    assert one(f"sum({duration.format('_sum')})") == pytest.approx(30.305)
    assert (
        one(
            'http_server_request_duration_seconds_count{error_type="request_timeout",'
            'http_response_status_code="504",url_scheme="https",service="order"}'
        )
        == 1
    )
    assert (
        one(
            'http_server_request_duration_seconds_count{http_response_status_code="429",error_type=""}'
        )
        == 1
    )
    assert one('http_client_request_duration_seconds_count{error_type="404",server_port=""}') == 1
    assert one('sidecar_decisions_total{mode="shadow",outcome="refused",rule="bots"}') == 6
    assert one('sidecar_telemetry_dropped_total{signal="logs",reason="disk_full"}') == 9
    assert one("sidecar_downstream_received_bytes_total") == 1_234_567
    assert one('sidecar_rules_info{version="3-9f3c"}') == 1
    assert one('process_resident_memory_bytes{service="order"}') > 1_000_000
    assert one('histogram_quantile(1, sidecar_overhead_seconds_bucket{listener="inbound"})') == (
        pytest.approx(0.00015)
    )
    routes = {labels["http_route"] for labels, _ in prometheus.query("sidecar_requests_in_flight")}
    assert routes == {"orders", 'odd"route\\name\n'}
    wait_until(lambda: bool(exemplars(prometheus)), "an exemplar")
    [series] = exemplars(prometheus)
    assert series["exemplars"][0]["labels"] == {"trace_id": _TRACE_ID}


async def test_prometheus_scrapes_what_was_counted(
    exporter: tuple[str, Meters], prometheus_scraping: Callable[..., Prometheus]
) -> None:
    address, meters = exporter
    cell = meters.server("inbound", "orders").open("GET", 200)
    # Prometheus keeps exemplars whose time is that of the scrape, or not long before.
    cell.exemplify(0.3, _TRACE_ID, time.time())
    await asyncio.to_thread(judge, prometheus_scraping, address)
