from __future__ import annotations

from collections.abc import Iterator

from dashboards.queries import telemetry
from dashboards.queries.asking import FLEET
from sidecar.telemetry.export_metrics import AGE, REQUESTS
from tests.dashboards.generated import Found, asked_of_prometheus, board, parsed, selectors

TELEMETRY = board("telemetry.json")


def _selectors(name: str) -> Iterator[Found]:
    for _, expression in asked_of_prometheus(TELEMETRY):
        yield from (one for one in selectors(parsed(expression)) if one.name == name)


def test_what_prometheus_says_of_others_than_sidecars_is_not_shown() -> None:
    for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped"):
        for one in _selectors(name):
            beside = [node for node in one.around if type(node).__name__ == "BinaryExpr"]
            assert any("sidecar_build_info" in str(node) for node in beside), name


def test_each_reason_for_which_something_is_lost_is_told_apart() -> None:
    grouped = [
        set(node.modifier.labels)
        for one in _selectors("sidecar_telemetry_dropped_total")
        for node in one.around
        if getattr(node, "modifier", None) is not None
    ]
    assert {"service", "exporter", "signal", "reason"} in grouped


def test_ages_are_not_added_up_and_what_waits_is() -> None:
    assert telemetry.oldest(FLEET).startswith("max by (service, exporter)")
    assert telemetry.waits(AGE, FLEET).startswith("sum by (service, exporter)")
    assert telemetry.deliveries(FLEET).count(REQUESTS.name) == 1
