from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import sidecar
from sidecar.admin.api import make_admin, make_exporter
from sidecar.telemetry.metrics import Meters

Client = TestClient[web.Request, web.Application]


class State:
    """A sidecar as its admin server sees it."""

    def __init__(self) -> None:
        self.meters = Meters("order")
        self.rules_version = "3-9f3c"
        self.answer = (True, "")

    def ready(self) -> tuple[bool, str]:
        return self.answer


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture(params=[make_admin, make_exporter], ids=["admin", "exporter"])
async def either(request: pytest.FixtureRequest, state: State) -> AsyncIterator[Client]:
    make: Callable[[State], web.Application] = request.param
    async with TestClient(TestServer(make(state)), auto_decompress=False) as client:
        yield client


@pytest.fixture
async def admin(state: State) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_admin(state))) as client:
        yield client


async def test_it_is_alive_also_while_it_drains(either: Client, state: State) -> None:
    state.answer = (False, "draining")
    answer = await either.get("/livez")
    assert (answer.status, await answer.json()) == (200, {"live": True})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_it_is_ready_until_it_says_why_not(either: Client, state: State) -> None:
    answer = await either.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"ready": True})
    for reason in ("starting", "draining"):
        state.answer = (False, reason)
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
    assert 'sidecar_rules_last_reload_successful{service="order"} 1.0' in text
    assert text.endswith("# EOF\n") == content_type.startswith("application/")


async def test_metrics_are_compressed_for_those_who_ask(either: Client, state: State) -> None:
    for number in range(20):
        state.meters.server("inbound", f"route-{number}").open("GET", 200).observe(0.1)
    accept = "application/openmetrics-text; version=1.0.0"
    answer = await either.get("/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    text = gzip.decompress(await answer.read()).decode()
    assert 'http_route="route-19"' in text
    assert list(text_string_to_metric_families(text))


async def test_the_version_tells_what_runs_with_which_rules(admin: Client, state: State) -> None:
    state.meters.reloads.succeeded("3-9f3c", 0.0)
    state.meters.reloads.failed()
    answer = await (await admin.get("/version")).json()
    assert answer.pop("python").startswith("3.")
    assert answer == {
        "service": "order",
        "version": sidecar.__version__,
        "rules": {
            "version": "3-9f3c",
            "reloads": 1,
            "failed_reloads": 1,
            "last_reload_failed": True,
        },
    }


async def test_over_the_network_no_more_is_told_than_is_needed(state: State) -> None:
    async with TestClient(TestServer(make_exporter(state))) as client:
        assert (await client.get("/version")).status == 404


async def test_nothing_can_be_changed(either: Client) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await either.post(path)).status == 405
