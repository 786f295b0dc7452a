from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sidecar.traces import server
from sidecar.traces.files import FileStore
from sidecar.traces.server import make_server
from sidecar.traces.trace import AT_A_TIME, Operation, Store, Trace, Unanswered, Wanted
from tests.traces import jaeger_shape
from tests.traces.documents import MIDNIGHT, SHOP, TRACE, write

Client = TestClient[web.Request, web.Application]
TIMES = {"start": str(MIDNIGHT // 1000 - 1), "end": str(MIDNIGHT // 1000 + 10**6)}


@pytest.fixture
async def grafana(tmp_path: Path) -> AsyncIterator[Client]:
    """Asks as Grafana does."""
    write(tmp_path, SHOP)
    async with TestClient(TestServer(make_server(FileStore(tmp_path)))) as client:
        yield client


async def answered(client: Client, path: str, status: int = 200, **query: str) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    return msgspec.json.decode(await answer.read(), type=jaeger_shape.Answer)


async def test_health(grafana: Client) -> None:
    assert (await grafana.get("/")).status == 200


async def test_services_and_operations(grafana: Client) -> None:
    services = await answered(grafana, "/api/services")
    assert (services.data, services.total) == (["inventory", "order", "web"], 3)
    operations = await answered(grafana, "/api/services/order/operations")
    assert operations.data == ["GET inventory", "GET stock", "POST place-order"]
    operations = await answered(grafana, "/api/operations", service="inventory")
    assert operations.data == [{"name": "GET stock", "spanKind": "server"}]
    operations = await answered(grafana, "/api/operations", service="order", spanKind="client")
    assert [one["name"] for one in operations.data] == ["GET inventory"]
    assert (await answered(grafana, "/api/operations", 400)).errors[0].code == 400


@pytest.mark.parametrize("path", ["a/b", quote("a/b", safe="")])
async def test_a_slash_in_a_services_name(path: str) -> None:
    asked: list[str] = []

    class Named(_Nothing):
        def operations(self, service: str) -> list[Operation]:
            asked.append(service)
            return []

    async with TestClient(TestServer(make_server(Named()))) as client:
        await client.get(f"/api/services/{path}/operations")
    assert asked == ["a/b"]


async def test_one_trace(grafana: Client) -> None:
    answer = await grafana.get(f"/api/traces/{TRACE.upper()}")
    [trace] = jaeger_shape.traces(await answer.read())
    assert len(trace.spans) == 8
    # As its server side asks, in milliseconds.
    answer = await grafana.get(f"/api/traces/{TRACE}", params={"start": "1", "end": "2"})
    assert answer.status == 200


async def test_a_trace_that_is_not_there(grafana: Client) -> None:
    answer = await answered(grafana, "/api/traces/abcdef", 404)
    assert (answer.data, answer.errors[0].code, answer.errors[0].msg) == (
        None, 404, "trace not found",
    )  # fmt: skip


@pytest.mark.parametrize(
    "path, status, words",
    [
        ("/api/traces/xyz", 400, "'xyz' is no trace id"),
        ("/api/traces?service=order&limit=x", 400, "limit=x is no number"),
        ("/api/traces", 400, "name a service"),
        ("/api/nothing", 404, "GET /api/nothing: Not Found"),
        ("/api/dependencies?endTs=1&lookback=1", 200, "is not kept here"),
    ],
)
async def test_what_is_not_answered_says_why(
    path: str, status: int, words: str, grafana: Client
) -> None:
    answer = await answered(grafana, path, status)
    assert answer.data is None
    assert words in answer.errors[0].msg


async def test_it_only_reads(grafana: Client) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await grafana.request(method, f"/api/traces/{TRACE}")).status == 405


async def test_a_search_as_grafana_asks(grafana: Client) -> None:
    query = {"service": "order", "tags": '{"error":"true"}', "lookback": "custom", **TIMES}
    answer = await grafana.get("/api/traces", params=query)
    [trace] = jaeger_shape.traces(await answer.read())
    assert trace.traceID == TRACE
    answer = await grafana.get("/api/traces", params={**query, "minDuration": "1s"})
    assert jaeger_shape.traces(await answer.read()) == []
    answer = await grafana.get("/api/traces", params=[("traceID", TRACE), ("traceID", "abc")])
    assert len(jaeger_shape.traces(await answer.read())) == 1


class _Nothing:
    def services(self) -> list[str]:
        return []

    def operations(self, service: str) -> list[Operation]:
        raise NotImplementedError(service)

    def search(self, wanted: Wanted) -> list[Trace]:
        return [Trace(wanted.service.rjust(32, "0"), [])]

    def trace(self, trace_id: str) -> Trace | None:
        raise NotImplementedError(trace_id)

    def named(self, beginning: str) -> list[str]:
        raise NotImplementedError(beginning)


async def test_a_trace_without_spans_is_none() -> None:
    async with TestClient(TestServer(make_server(_Nothing()))) as client:
        answer = await client.get("/api/traces?service=x")
        assert jaeger_shape.traces(await answer.read()) == []


class _Failing(_Nothing):
    def __init__(self, fail: Callable[[], list[str]]) -> None:
        self.services = fail  # type: ignore[method-assign] # the one thing that is asked


@pytest.mark.parametrize("in_time, status", [(True, 502), (False, 504)])
async def test_a_store_that_does_not_answer(in_time: bool, status: int) -> None:
    def fail() -> list[str]:
        raise Unanswered("nobody there", in_time=in_time)

    async with TestClient(TestServer(make_server(_Failing(fail)))) as client:
        answer = await answered(client, "/api/services", status)
    assert answer.errors[0].msg == "nobody there"


async def test_only_so_many_are_answered_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAITING_AT_MOST", AT_A_TIME + 2)
    running, most = 0, 0
    lock, go_on = threading.Lock(), threading.Event()

    def slow() -> list[str]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go_on.wait(10)
        with lock:
            running -= 1
        return []

    store: Store = _Failing(slow)
    async with TestClient(TestServer(make_server(store))) as client, asyncio.TaskGroup() as group:
        asking = [group.create_task(client.get("/api/services")) for _ in range(AT_A_TIME + 5)]
        ended: set[object] = set()
        while len(ended) < 3:
            done, _ = await asyncio.wait(set(asking) - ended, return_when=asyncio.FIRST_COMPLETED)
            ended |= done
        go_on.set()
    statuses = sorted(one.result().status for one in asking)
    assert most == AT_A_TIME
    assert statuses == [200] * (AT_A_TIME + 2) + [503] * 3


async def test_who_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PATIENCE_SECONDS", 0.01)
    go_on = threading.Event()

    def slow() -> list[str]:
        go_on.wait(10)
        return []

    async with TestClient(TestServer(make_server(_Failing(slow)))) as client:
        answer = await answered(client, "/api/services", 504)
        go_on.set()
    assert "no answer within" in answer.errors[0].msg
