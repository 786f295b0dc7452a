"""Traces read back from a real Elasticsearch, from the documents that exporters write there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from sidecar.elastic.connect import connect
from sidecar.export.backend import TAKEN
from sidecar.export.documents import Documents
from sidecar.export.item import Item
from sidecar.provision.elasticsearch.cluster import Cluster
from sidecar.provision.elasticsearch.provisioning import provision
from sidecar.provision.elasticsearch.wanted import Plan
from sidecar.telemetry.signals import Resource, Span, SpanEvent, SpanKind, SpanStatus
from sidecar.traces.elastic import ElasticStore
from sidecar.traces.trace import Operation, Unanswered, Wanted
from tests.integration.telemetry.clusters import backend_for, fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import wait_until
from tests.servers.processes import Process
from tests.traces import jaeger_shape
from tests.traces.documents import MIDNIGHT, SHOP, TRACE

pytestmark = pytest.mark.integration

_HOUR = 3600 * 10**9
ALWAYS: dict[str, Any] = {"start": MIDNIGHT - _HOUR, "end": MIDNIGHT + _HOUR}
#: How far back names are listed: the documents are of a day that is always the same.
_LOOKBACK = 100 * 365 * 86400.0


def spans_of_the_shop() -> Iterator[tuple[str, Span]]:
    """The trace of the tests as exporters are fed with it, each span with its service."""
    event = SpanEvent(MIDNIGHT + 60_000_000, "sidecar.breaker", {"sidecar.breaker.state": "open"})
    for one in SHOP[:-1]:
        start = MIDNIGHT + round((float(one["@timestamp"]) - MIDNIGHT / 10**6) * 1000) * 1000
        yield one["resource"]["attributes"]["service.name"], Span(
            TRACE, one["span_id"], one.get("parent_span_id", ""), "", 1, one["name"],
            SpanKind[one["kind"].upper()], start, start + one["duration"], one["attributes"],
            (event,) if one["span_id"] == "000000000000000d" else (),
            SpanStatus.ERROR if one["status"] else SpanStatus.UNSET,
        )  # fmt: skip


def others(count: int) -> Iterator[tuple[str, Span]]:
    """As many traces of one span, each a second after the one before."""
    for number in range(1, count + 1):
        start = MIDNIGHT + number * 10**9
        yield "web", Span(
            f"{number:032x}", f"{number + 0x1000:016x}", "", "", 1, "GET other", SpanKind.SERVER,
            start, start + 10**6, {},
        )  # fmt: skip


def ship(server: ElasticsearchServer, namespace: str = "") -> None:
    """Have the exporter's own backend write the shop's trace and others."""
    namespace = namespace or fresh_namespace()
    items: list[Item] = []
    for service, span in [*spans_of_the_shop(), *others(30)]:
        attributes = {"service.name": service, "host.name": f"{service}-1"}
        items += Documents(Resource(attributes), namespace).spans([span])
    with backend_for(server) as backend:
        assert backend.deliver(items) == TAKEN
    server.refresh()


@pytest.fixture
def kept(elasticsearch: ElasticsearchServer) -> Iterator[ElasticStore]:
    """Traces in indices of each day, of a namespace that nobody has provisioned."""
    ship(elasticsearch)
    with closing(connect([elasticsearch.url])) as client:
        yield ElasticStore(client, elasticsearch.url, _LOOKBACK)


def test_data_streams_are_read_as_well(elasticsearch: ElasticsearchServer) -> None:
    namespace = fresh_namespace()
    plan = Plan(dict.fromkeys(("traces", "logs", "metrics"), "40000d"), namespace)
    with closing(connect([elasticsearch.url])) as client:
        assert [*provision(Cluster(client), plan, dry_run=False)]
        ship(elasticsearch, namespace)
        assert f"traces-governance.otel-{namespace}" in elasticsearch.data_streams()
        is_read_back(ElasticStore(client, elasticsearch.url, _LOOKBACK))


def test_what_exporters_wrote_is_read_back(kept: ElasticStore) -> None:
    is_read_back(kept)


def is_read_back(kept: ElasticStore) -> None:
    """The shop's trace, whole, and what it may be found by."""
    trace = kept.trace(TRACE)
    assert trace is not None
    assert trace.notes == ()
    assert [span.span_id for span in trace.spans] == [one["span_id"] for one in SHOP[:-1]]
    by_id = {span.span_id: span for span in trace.spans}
    assert [one.name for one in by_id["000000000000000d"].events] == ["sidecar.breaker"]
    refused = by_id["000000000000000f"]
    assert (refused.kind, refused.status, refused.service) == ("client", "error", "order")
    assert refused.parent_id == "000000000000000e"
    assert refused.attributes["error.type"] == "connect_failure"
    assert by_id["0000000000000010"].attributes["http.request.resend_count"] == 1
    assert (refused.start - MIDNIGHT, refused.duration) == (5_200_000, 11_000_000)
    assert kept.trace("f" * 32) is None

    assert kept.services() == ["inventory", "order", "web"]
    assert kept.operations("order") == [
        Operation("GET inventory", "client"), Operation("GET stock", "internal"),
        Operation("POST place-order", "server"),
    ]  # fmt: skip
    assert kept.named("4bf92f") == [TRACE]
    assert kept.named("000000000000000f") == [TRACE]
    assert len(kept.named("00000000")) == 6
    assert kept.named("ffffff") == []


#: What is searched for, and whether the shop's trace is it.
SEARCHES: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"service": "order"}, True),
    ({"service": "order", "operation": "GET stock"}, True),
    ({"service": "order", "operation": "stock"}, False),
    ({"service": "web", "tags": {"error": "true"}}, True),
    ({"service": "inventory", "tags": {"error": "true"}}, False),
    ({"service": "order", "tags": {"error.type": "connect_failure"}}, True),
    ({"service": "order", "tags": {"http.response.status_code": "503"}}, True),
    ({"service": "order", "tags": {"http.response.status_code": "many"}}, False),
    ({"service": "order", "tags": {"host.name": "order-1", "span.kind": "client"}}, True),
    ({"service": "order", "tags": {"host.name": "web-1"}}, False),
    ({"service": "order", "shortest": 146 * 10**6}, True),
    ({"service": "order", "shortest": 150 * 10**6}, False),
    ({"service": "order", "longest": 20 * 10**6, "tags": {"span.kind": "server"}}, False),
    ({"service": "order", "end": MIDNIGHT - 1}, False),
)


def test_searches(kept: ElasticStore) -> None:
    for wanted, is_found in SEARCHES:
        found = kept.search(Wanted(**{**ALWAYS, **wanted}))
        assert [one.trace_id for one in found] == [TRACE] * is_found, wanted
    [shop] = kept.search(Wanted(service="order", **ALWAYS))
    assert len(shop.spans) == 8
    latest = kept.search(Wanted(service="web", limit=3, **ALWAYS))
    assert [int(one.trace_id, 16) for one in latest] == [30, 29, 28]


@pytest.fixture
def serving(
    kept: ElasticStore, elasticsearch: ElasticsearchServer, tmp_path: Path
) -> Iterator[str]:
    """The address of ``sidecar traces serve``, which reads from there."""
    assert kept.services()
    arguments = ("--bind", "127.0.0.1:0", "--elasticsearch", elasticsearch.url,
                 "--lookback", "40000d")  # fmt: skip
    process = Process(
        "traces", [sys.executable, "-m", "sidecar", "traces", "serve", *arguments],
        tmp_path / "traces.log", environment={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    wait_until(lambda: "is answered at" in process.log, "it serves", 30.0)
    [address] = re.findall(r"http://\S+:\d+", process.log)
    yield address
    assert process.stop(10.0) == 0


@pytest.fixture
async def grafana() -> AsyncIterator[ClientSession]:
    """Asks as Grafana does."""
    async with ClientSession() as session:
        yield session


async def test_grafana_is_answered(
    serving: str, grafana: ClientSession, elasticsearch: ElasticsearchServer
) -> None:
    async def asked(path: str, **query: str) -> tuple[int, Any]:
        async with grafana.get(serving + path, params=query) as answer:
            return answer.status, await answer.json()

    assert (await asked("/api/services"))[1]["data"] == ["inventory", "order", "web"]
    assert (await asked("/api/services/inventory/operations"))[1]["data"] == ["GET stock"]
    between = {"start": str(ALWAYS["start"] // 1000), "end": str(ALWAYS["end"] // 1000)}
    query = {"service": "order", "tags": '{"error":"true"}', "lookback": "custom", **between}
    async with grafana.get(f"{serving}/api/traces", params=query) as answer:
        [found] = jaeger_shape.traces(await answer.text())
    async with grafana.get(f"{serving}/api/traces/{found.traceID}") as answer:
        [trace] = jaeger_shape.traces(await answer.text())
    assert len(trace.spans) == 8
    assert sum(len(span.logs) for span in trace.spans) == 1
    assert (await asked("/api/traces/abc"))[0] == 404

    await asyncio.to_thread(elasticsearch.stop)
    status, answer_to = await asked("/api/services")
    assert status == 502
    assert (
        f"Elasticsearch at {elasticsearch.url} cannot be reached" in answer_to["errors"][0]["msg"]
    )


def test_what_does_not_let_us_read_says_so(secured_elasticsearch: ElasticsearchServer) -> None:
    server = secured_elasticsearch
    assert server.security is not None
    url, ca = server.url, str(server.ca)

    def sentence(**options: Any) -> str:
        with closing(connect([url], **options)) as client, pytest.raises(Unanswered) as told:
            ElasticStore(client, url, 60.0).services()
        return str(told.value)

    writer = server.security.users[1]
    assert "does not believe us: give an API key" in sentence(ca=ca)
    assert "does not let us read" in sentence(ca=ca, user=(writer.name, writer.password))
    assert "cannot be reached: no TLS with it" in sentence()
    owner = server.security.users[0]
    with closing(connect([url], ca=ca, user=(owner.name, owner.password))) as client:
        assert ElasticStore(client, url, 60.0).services() == []
