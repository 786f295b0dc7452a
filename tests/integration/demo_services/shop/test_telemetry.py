"""What the shop's sidecars tell: one order through four hops, and the demo beside real backends."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.processes import Processes
from demo_services.shop.story.asking import ask
from demo_services.shop.story.layout import lay_out
from demo_services.shop.story.ports import free_ports
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from demo_services.shop.story.running_shop import RunningShop
from sidecar.traces.files import FileStore
from sidecar.traces.trace import StoredSpan
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.otlp_receiver import OtlpReceiver
from tests.servers.ports import wait_until
from tests.servers.prometheus import run_prometheus

COMMAND = [sys.executable, "-m", "demo_services.shop"]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
#: Services in the order in which they ask each other.
WAY = ("storefront", "order", "inventory", "warehouse")


@pytest.fixture
def shop(folder: Path) -> Iterator[RunningShop]:
    layout = lay_out(free_ports())
    with Processes(folder) as processes:
        running = RunningShop(processes, folder, layout, RuleFiles(COMMITTED, folder, layout))
        running.start()
        yield running


def _order(shop: RunningShop, flags: str) -> int:
    fields = {"x-user-id": "ann", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-{flags}"}
    body = {"product": 7, "quantity": 1}
    return ask(shop.entrance, "/orders", method="POST", fields=fields, body=body).status


def _spans(shop: RunningShop, count: int) -> list[StoredSpan]:
    """The trace's spans once there are so many."""
    found: list[StoredSpan] = []

    def are_there() -> bool:
        found[:] = ()
        if shop.rules.documents.is_dir():
            trace = FileStore(shop.rules.documents).trace(TRACE)
            found.extend(trace.spans if trace else ())
        return len(found) >= count

    wait_until(are_there, f"{count} spans", 20.0)
    return found


def _way_up(span: StoredSpan, by_id: dict[str, StoredSpan]) -> list[str]:
    """From a span to the entrance: who spoke, and as what."""
    way = []
    current: StoredSpan | None = span
    while current is not None:
        way.append(f"{current.service} {current.kind}")
        current = by_id.get(current.parent_id)
    return way


def _expected_way() -> list[str]:
    """From the last sidecar up: each served a try of the one before."""
    way = ["warehouse server"]
    for service in reversed(WAY[:-1]):
        way += [f"{service} {kind}" for kind in ("client", "internal", "client", "server")]
    return way


def test_an_order_that_was_sampled_is_one_trace_over_four_hops(shop: RunningShop) -> None:
    assert _order(shop, "01") == 201
    spans = _spans(shop, 14)
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == 14
    servers = [span for span in spans if span.kind == "server"]
    assert sorted(span.service for span in servers) == sorted(WAY)
    [last] = [span for span in servers if span.service == "warehouse"]
    assert _way_up(last, by_id) == _expected_way()
    # Each sidecar asks its service, and all but the last one ask the next sidecar.
    assert sum(span.kind == "client" for span in spans) == 7
    assert sum(span.kind == "internal" for span in spans) == 3
    [entrance] = [span for span in servers if span.service == "storefront"]
    assert entrance.parent_id == "00f067aa0ba902b7"


def test_a_retried_order_is_kept_up_to_the_entrance_though_nobody_sampled_it(
    shop: RunningShop,
) -> None:
    shop.turn("warehouse", error_share=1.0)
    assert _order(shop, "00") == 201
    spans = _spans(shop, 17)
    by_id = {span.span_id: span for span in spans}
    served = [span for span in spans if span.kind == "server" and span.service == "warehouse"]
    assert len(served) == 2
    for one in served:
        assert _way_up(one, by_id) == _expected_way()
    tries = [by_id[one.parent_id] for one in sorted(served, key=lambda span: span.start)]
    numbers = [one.attributes.get("http.request.resend_count") for one in tries]
    assert numbers == [None, 1]
    assert tries[0].parent_id == tries[1].parent_id
    call = by_id[tries[0].parent_id]
    assert [event.name for event in call.events] == ["sidecar.decision"]
    assert call.attributes["sidecar.trace.kept"] == "degraded"


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--report", str(folder / "report.html"), *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )


@pytest.mark.alone
def test_backends_have_what_the_sidecars_have_told(
    folder: Path,
    tmp_path: Path,
    elasticsearch: ElasticsearchServer,
    otlp_receiver: OtlpReceiver,
) -> None:
    targets = tmp_path / "targets"
    with run_prometheus(tmp_path, (), target_files=[targets / "*.json"]) as prometheus:
        done = _run(
            folder,
            *("--act", "trace", "--targets", str(targets)),
            *("--elasticsearch", elasticsearch.url),
            *("--prometheus", f"http://{prometheus.address}"),
            *("--otlp", otlp_receiver.http_url),
        )
    assert "  PASS  account" in done.stdout, done.stdout + done.stderr
    assert "Prometheus: skipped" not in done.stdout
    [trace] = re.findall(r"sidecar trace (\w{32}) --elasticsearch", done.stdout)
    spans = elasticsearch.search_all("traces-*.otel-shop", {"term": {"trace_id": trace}})
    assert len(spans) == 17
    received = [span.trace_id.hex() for span in otlp_receiver.spans()]
    assert received.count(trace) == 17
    assert (targets / "sidecars.json").read_text() == "[]"
    assert "Prometheus:" in (folder / "report.html").read_text()


@pytest.mark.parametrize("name", ["elasticsearch", "prometheus", "otlp", "grafana"])
def test_a_backend_that_is_not_there_is_said_before_anything_starts(
    folder: Path, name: str
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = _run(folder, f"--{name}", url)
    assert done.returncode == 2
    assert done.stdout == f"--{name} {url}: Connection refused\n"
    assert not (folder / "report.html").exists()


def test_without_sidecars_there_is_nothing_to_tell(folder: Path) -> None:
    done = _run(folder, "--without-sidecar", "--otlp", "http://127.0.0.1:4318")
    assert done.returncode == 2
    assert done.stdout == "without sidecars there is nothing to tell otlp\n"


def test_without_sidecars_there_is_nothing_to_watch(folder: Path) -> None:
    done = _run(folder, "--without-sidecar", "--watch")
    assert done.returncode == 2
    assert done.stdout == "without sidecars there is nothing to watch\n"
