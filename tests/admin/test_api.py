from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import sidecar
from sidecar.admin.api import OPERATIONS, make_admin, make_exporter
from tests.admin.running import Client, Running, answering


@pytest.fixture(params=[make_admin, make_exporter], ids=["admin", "exporter"])
async def either(request: pytest.FixtureRequest, running: Running) -> AsyncIterator[Client]:
    app = request.param(running.inside, running.steering)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_it_is_alive_also_while_it_drains(either: Client, running: Running) -> None:
    running.inside.readiness.stage = "draining"
    answer = await either.get("/livez")
    assert (answer.status, await answer.json()) == (200, {"live": True})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_it_is_ready_until_it_says_why_not(either: Client, running: Running) -> None:
    answer = await either.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"ready": True})
    for reason in ("starting", "draining"):
        running.inside.readiness.stage = reason
        answer = await either.get("/readyz")
        assert (answer.status, await answer.json()) == (503, {"ready": False, "reason": reason})


@pytest.mark.parametrize(
    "accept, content_type",
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
    ],
)
async def test_metrics_come_in_the_format_asked_for(
    either: Client, accept: str, content_type: str
) -> None:
    answer = await either.get("/metrics", headers={"Accept": accept, "Accept-Encoding": ""})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == content_type
    text = await answer.text()
    assert 'sidecar_rules_last_reload_successful{service="shop"} 1.0' in text
    assert 'sidecar_controls_active{control="override",service="shop"} 0.0' in text
    assert text.endswith("# EOF\n") == content_type.startswith("application/")


async def test_metrics_are_compressed_for_those_who_ask(either: Client, running: Running) -> None:
    for number in range(20):
        running.meters.server("inbound", f"route-{number}").open("GET", 200).observe(0.1)
    accept = "application/openmetrics-text; version=1.0.0"
    answer = await either.get("/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    text = gzip.decompress(await answer.read()).decode()
    assert 'http_route="route-19"' in text
    assert list(text_string_to_metric_families(text))


async def test_a_scraper_may_send_what_it_likes(either: Client) -> None:
    assert (await either.get("/metrics?x=1")).status == 200
    assert (await either.get("/readyz?probe=k8s")).status == 200


async def test_over_the_network_no_more_is_told_than_is_needed(running: Running) -> None:
    app = make_exporter(running.inside, running.steering)
    async with TestClient(TestServer(app)) as client:
        for operation in OPERATIONS[3:]:
            answer = await client.request(operation.method, operation.path.replace("{", "a"))
            assert answer.status == 404, operation.path


async def test_nothing_is_changed_by_asking(either: Client) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await either.post(path)).status == 405
        assert (await either.head(path)).status == 200


async def test_with_a_token_nobody_else_is_answered(running: Running, tmp_path: Path) -> None:
    async with answering(running, lambda: "right") as client:
        for operation in OPERATIONS:
            path = operation.path
            answer = await client.request(operation.method, path)
            expected = 200 if path in {"/livez", "/readyz"} else 401
            assert answer.status == expected, path
        headers = {"Authorization": "Bearer right"}
        answer = await client.get("/version", headers=headers)
        assert (await answer.json())["version"] == sidecar.__version__
    assert running.changes() == []
    assert not (tmp_path / "audit.jsonl").exists()
