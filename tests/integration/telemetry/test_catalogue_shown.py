"""A sidecar of which everything is used shows every metric of the catalogue, and no other."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable
from typing import Any

from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from sidecar.telemetry import host_metrics
from sidecar.telemetry.catalogue import METRICS
from tests.integration.clients.asking import ask_at, eventually
from tests.integration.clients.connection import ask
from tests.integration.rule_text import rules
from tests.integration.scripted import answer, upstream
from tests.servers.ports import Address
from tests.servers.prometheus import Exemplar, Prometheus, check_metrics
from tests.servers.sidecar import SidecarStarter

#: What depends on the kernel of the host; tests of their own tell that these are right.
_OF_HOST = {metric.family for metric in host_metrics.READ}
_OPENMETRICS = "application/openmetrics-text; version=1.0.0"
#: Answered with 200, this one is kept; the other is not.
_KEPT, _NOT_KEPT = "a" * 32, "b" * 32
_SPAN = "c" * 16
_TRUST = {"callers": ["127.0.0.0/8"]}


async def oblige(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answers everything alike."""
    writer.write(answer())
    return True


def everything(app: Address) -> str:
    """A rule of each kind, with everything that shows something of its own."""
    _, _, port = app.rpartition(":")
    return rules(
        {"targets": [app], "health": {"get": "/healthz"}, "eject": {}},
        upstreams={
            "app": {"targets": [app], "health": {"get": "/healthz"}, "eject": {}},
            "named": {"dns": "localhost", "port": int(port)},
        },
        listeners={
            "inbound": {"bind": "127.0.0.1:0", "to": "app"},
            "outbound": {"bind": "127.0.0.1:0"},
        },
        keys={"page": {"from": "query", "name": "page"}},
        routes=[{"name": "plain", "match": {"path": "/plain"}}],
        access=[{"name": "all", "deny": {"client_ip": "192.0.2.1"}}],
        faults=[{"name": "none", "match": {"path": "/fault"}, "delay": {"of": "1ms"}}],
        rate_limits=[
            {"name": "each", "per": "page", "limit": "1000/s"},
            {"name": "paced", "limit": "1000/s", "algorithm": "pace", "wait_at_most": "1s"},
        ],
        overload=[{"name": "host", "cpu": {"shed_above": "99%"}}],
        concurrency=[{"name": "all", "at_most": 100}],
        breakers=[
            {"name": "app", "open_when": {"error_ratio": "50%"}},
            {"name": "slow", "open_when": {"slow_ratio": "50%", "slower_than": "1s"}},
        ],
        retries=[{"name": "again", "on": "connect_failure"}],
        fallbacks=[
            {"name": "later", "when": "any", "exercise": "50%",
             "try": [{"serve": "static", "body": {"text": "later"}}]}
        ],
        slo=[{"name": "up", "good": {"status_below": 500}, "target": "99%", "over": "1d"}],
        telemetry=telemetry("100%") | {"files": {"folder": "exported", "metrics_every": "1s"}},
    )  # fmt: skip


def telemetry(sample: str, **prometheus: Any) -> dict[str, Any]:
    return {
        "logs": {"file": "none"},
        "traces": {"sample": sample, "always": []},
        "prometheus": {"bind": "127.0.0.1:0", **prometheus},
    }


def page_at(address: Address, accept: str) -> bytes:
    """``/metrics`` on the port, in the form that is asked for."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", "/metrics", headers={"Accept": accept})
        return connection.getresponse().read()
    finally:
        connection.close()


async def families_at(address: Address) -> dict[str, Family]:
    page = await asyncio.to_thread(page_at, address, _OPENMETRICS)
    return {family.name: family for family in text_string_to_metric_families(page.decode())}


async def test_every_metric_is_shown_and_declared(sidecar_process: SidecarStarter) -> None:
    async with upstream(oblige) as app:
        sidecar = await asyncio.to_thread(sidecar_process, everything(app))
        address = sidecar.addresses["prometheus"]
        for target in ("/plain", "/other"):
            assert (await ask(sidecar.address, target)).status == 200

        async def settled() -> bool:
            shown = await families_at(address)
            used = shown.get("sidecar_saturation_resource_ratio")
            resources = {one.labels["resource"] for one in used.samples} if used else set()
            return "cpu" in resources and {
                "sidecar_upstream_lookups",
                "sidecar_telemetry_sent",
            } <= {*shown}

        await eventually(settled, "everything measured once")
        shown = await families_at(address)
        plain = await asyncio.to_thread(page_at, address, "text/plain")
    declared = {metric.family: metric for metric in METRICS}
    assert shown.keys() <= declared.keys()
    assert declared.keys() - shown.keys() <= _OF_HOST
    for name, family in shown.items():
        metric = declared[name]
        assert (family.type, family.unit) == (metric.kind.value, metric.unit), name
        assert family.documentation == metric.help
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == {*metric.label_names}, name
            assert sample.labels["service"] == "test"
    await asyncio.to_thread(check_metrics, plain)


async def ask_as_traced(address: Address) -> None:
    for trace, flags in ((_KEPT, "01"), (_NOT_KEPT, "00")) * 5:
        fields = [("traceparent", f"00-{trace}-{_SPAN}-{flags}")]
        assert (await ask(address, "/plain", fields=fields)).status == 200


def exemplars_of(prometheus: Prometheus, name: str) -> list[Exemplar]:
    return prometheus.query_exemplars(f"{name}_bucket")


async def test_prometheus_is_led_to_traces_that_are_kept(
    sidecar_process: SidecarStarter, prometheus_scraping: Callable[..., Prometheus]
) -> None:
    async with upstream(oblige) as app:
        text = rules(app, telemetry=telemetry("0%"), trust=_TRUST)
        sidecar = await asyncio.to_thread(sidecar_process, text)
        address = sidecar.addresses["prometheus"]
        prometheus = await asyncio.to_thread(prometheus_scraping, address)
        await ask_as_traced(sidecar.address)
        for side in ("server", "client"):
            name = f"http_{side}_request_duration_seconds"
            await eventually(lambda: bool(exemplars_of(prometheus, name)), name)  # noqa: B023
            found = await asyncio.to_thread(exemplars_of, prometheus, name)
            for one in found:
                assert one.labels["trace_id"] == _KEPT
                assert len(one.labels["span_id"]) == 16
                assert one.labels["span_id"] != _SPAN


async def test_exemplars_can_be_left_out(sidecar_process: SidecarStarter) -> None:
    async with upstream(oblige) as app:
        pages = []
        for is_wanted in (True, False):
            told = telemetry("0%", exemplars=is_wanted)
            text = rules(app, telemetry=told, trust=_TRUST)
            sidecar = await asyncio.to_thread(sidecar_process, text)
            address = sidecar.addresses["prometheus"]
            await ask_as_traced(sidecar.address)
            pages.append(address)

        def has_exemplars(address: Address) -> bool:
            return _KEPT.encode() in page_at(address, _OPENMETRICS)

        await eventually(lambda: has_exemplars(pages[0]), "exemplars")
        # Records are told in the order of their requests: by now its own would be there, too.
        await asyncio.sleep(0.2)
        assert not await asyncio.to_thread(has_exemplars, pages[1])


async def test_the_port_answers_as_the_admin_socket_does(sidecar_process: SidecarStarter) -> None:
    async with upstream(oblige) as app:
        text = rules(app, telemetry=telemetry("0%"))
        sidecar = await asyncio.to_thread(sidecar_process, text)
        admin = f"unix:{sidecar.state_dir / 'admin.sock'}"
        for address in (sidecar.addresses["prometheus"], admin):
            status, page = await asyncio.to_thread(ask_at, address, "/metrics")
            assert (status, page.count(b"sidecar_build_info{")) == (200, 1)
