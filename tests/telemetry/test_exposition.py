from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.cells import Aim
from sidecar.telemetry.exposition import MetersCollector, Page, expose
from sidecar.telemetry.host_metrics import READ
from sidecar.telemetry.metrics import Meters
from tests.telemetry.read_out import every_reading, every_rule_told

_OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def crowded() -> MetersCollector:
    meters = Meters("order")
    meters.readings = every_reading
    for number in range(20):
        server = meters.server("inbound", f"route-{number}")
        for status in (200, 404, 500):
            cell = server.open("GET", status)
            cell.observe(number / 10)
            cell.exemplify(number / 10, "a" * 32, 1_700_000_000.0)
    meters.client("app", "h:1").open("GET", 200).observe(0.1)
    meters.looked_up("app", found=False)
    meters.saturation["loop"] = 0.5
    meters.objective("up")
    meters.exports.wanted(["files"])
    meters.rules_told = every_rule_told
    meters.aims = {"up": Aim(0.99, 3600.0, not_shed=False)}.copy
    return MetersCollector(meters)


def without_host(text: str) -> list[str]:
    host = [metric.family for metric in READ]
    return [line for line in text.splitlines() if not any(name in line for name in host)]


async def test_slices_make_the_page_that_the_library_writes_in_one_go() -> None:
    collector = crowded()
    registry = CollectorRegistry()
    registry.register(collector)
    page = await expose(collector, "")
    assert page.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert without_host(page.body.decode()) == without_host(generate_latest(registry).decode())


async def test_openmetrics_is_written_for_those_who_ask_and_can_be_read() -> None:
    page = await expose(crowded(), _OPENMETRICS)
    assert page.content_type.startswith("application/openmetrics-text; version=1.0.0")
    text = page.body.decode()
    assert text.count("# EOF\n") == 1
    families = list(read_openmetrics(text))
    assert {family.name for family in families} <= {metric.family for metric in METRICS}
    [durations] = [one for one in families if one.name == "http_server_request_duration_seconds"]
    assert durations.unit == "seconds"
    assert sum(sample.exemplar is not None for sample in durations.samples) == 60


async def test_what_is_exposed_is_what_the_catalogue_declares() -> None:
    declared = {metric.family: metric for metric in METRICS}
    families: list[Family] = list(
        read_openmetrics((await expose(crowded(), _OPENMETRICS)).body.decode())
    )
    counted = {metric.family for metric in METRICS if metric not in READ}
    # What the kernel of this host does not tell is left out.
    assert counted - {"sidecar_decisions"} <= {family.name for family in families} <= set(declared)
    for family in families:
        metric = declared[family.name]
        assert (family.type, family.documentation) == (metric.kind.value, metric.help)


async def test_the_process_is_labelled_with_the_service_too() -> None:
    families = {one.name: one for one in read_text((await expose(crowded(), "")).body.decode())}
    assert [sample.labels for sample in families["process_resident_memory_bytes"].samples] == [
        {"service": "order"}
    ]


async def test_the_loop_is_free_between_slices() -> None:
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asyncio.TaskGroup() as group:
        beside = group.create_task(other_work())
        page: Page = await expose(crowded(), "")
        beside.cancel()
    # 60 histograms of 17 samples, at most 48 samples and the one series that ends a slice.
    assert turns >= 60 * 17 // (48 + 17)
    assert page.body.count(b"http_server_request_duration_seconds_bucket{") == 60 * 15


async def test_a_series_that_begins_during_a_scrape_does_no_harm() -> None:
    meters = Meters("order")
    for number in range(20):
        meters.server("inbound", f"route-{number}").open("GET", 200).observe(0.1)

    async def traffic() -> None:
        for number in range(200):
            meters.server("inbound", f"route-{number}").open("PUT", 200).observe(0.1)
            meters.client("app", f"h:{number}").open("GET", 200).observe(0.1)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(traffic())
        page = await expose(MetersCollector(meters), _OPENMETRICS)
    assert list(read_openmetrics(page.body.decode()))
