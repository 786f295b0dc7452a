from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from demo_services.check import Check
from demo_services.shop.story import account as module
from demo_services.shop.story.account import account, asked
from demo_services.shop.story.counted import Counted
from demo_services.shop.story.elsewhere import Elsewhere
from demo_services.shop.story.layout import SERVICES, lay_out
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from demo_services.shop.story.running_shop import RunningShop
from demo_services.shop.story.stage import Stage
from sidecar.traces.trace import StoredSpan
from tests.demo_services.shop.reports import part, report
from tests.demo_services.shop.stages import stage
from tests.demo_services.shop.stories import story


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(holds: Callable[[], bool], _within_seconds: float) -> bool:
        return holds()

    monkeypatch.setattr(module, "wait_until", once)


def _stage(folder: Path) -> Stage:
    """After one act in which 3 of 8 were refused, and two questions besides."""
    on = stage(folder)
    told = story().acts[0]
    on.story.acts.append(
        type(told)(
            name="sale", title="", began=0, ended=1, checks=(), gist="",
            report=report(part(admitted=5, refused=3)),
        )
    )  # fmt: skip
    on.asked = {200: 1, 429: 1}
    return on


def _entrance(status: int, number: int, parent: str = "") -> StoredSpan:
    return StoredSpan(
        trace_id=str(number), span_id="a", parent_id=parent, name="GET", kind="server", start=1,
        end=2, attributes={"http.response.status_code": status},
        resource={"service.name": "storefront"},
    )  # fmt: skip


def _written(monkeypatch: pytest.MonkeyPatch, *spans: StoredSpan) -> None:
    def spans_below(_folder: Path) -> dict[str, list[StoredSpan]]:
        return {span.trace_id: [span] for span in spans}

    monkeypatch.setattr(module, "spans_below", spans_below)


def test_what_customers_got_is_the_load_and_what_was_asked_besides(tmp_path: Path) -> None:
    assert asked(_stage(tmp_path)) == {200: 6, 429: 4}


@pytest.mark.parametrize("refused,kept", [(3, False), (4, True), (5, False)])
def test_each_refusal_has_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int, *, kept: bool
) -> None:
    _written(monkeypatch, *(_entrance(429, number) for number in range(refused)))
    told = account(_stage(tmp_path), Elsewhere())
    assert told.kept is kept
    assert f"{refused} of 4 refusals" in told.gist


def test_a_span_without_its_parent_breaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = [_entrance(429, number) for number in range(4)]
    _written(monkeypatch, *refused, _entrance(200, 9, parent="gone"))
    told = account(_stage(tmp_path), Elsewhere())
    assert not told.kept
    assert "1 spans without a parent" in told.gist


class _Scraper:
    """A Prometheus that has counted this."""

    counts: Mapping[int, int]
    scrapes: bool

    def __init__(self, url: str) -> None:
        assert url == "http://prometheus"

    def scraped(self) -> set[str]:
        return {f"127.0.0.1:{port}" for port in range(20000, 20100)} if self.scrapes else set()

    def statuses(self, instance: str) -> dict[int, int]:
        assert instance.startswith("127.0.0.1:")
        return dict(self.counts)


@pytest.mark.parametrize(
    "counts,scrapes,kept,words",
    [
        ({200: 6, 429: 4}, True, True, "6 200, 4 429"),
        ({200: 6, 429: 3}, True, False, "6 200, 3 429"),
        ({}, True, False, "nothing"),
        ({}, False, True, "skipped, it does not scrape them"),
    ],
)
def test_prometheus_is_compared_if_it_scrapes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    counts: Mapping[int, int],
    words: str,
    *,
    scrapes: bool,
    kept: bool,
) -> None:
    _written(monkeypatch, *(_entrance(429, number) for number in range(4)))
    monkeypatch.setattr(_Scraper, "counts", counts, raising=False)
    monkeypatch.setattr(_Scraper, "scrapes", scrapes, raising=False)
    monkeypatch.setattr(module, "Scraper", _Scraper)
    told = account(_stage(tmp_path), Elsewhere(prometheus="http://prometheus"))
    assert [check.kept for check in told.checks] == [True, kept]
    assert words in told.quotes[0]


@pytest.mark.parametrize("dropped,kept", [(0, True), (1, False)])
def test_a_collector_has_taken_everything_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: int, *, kept: bool
) -> None:
    lines = [
        f'sidecar_telemetry_sent_total{{exporter="otlp",signal="{signal}"}} 2'
        for signal in ("traces", "logs", "metrics")
    ]
    lines.append(f'sidecar_telemetry_dropped_total{{exporter="otlp",signal="traces"}} {dropped}')
    exposition = "\n".join(lines) + "\n"

    def counted(_shop: RunningShop, service: str) -> Counted:
        assert service in SERVICES
        return Counted(exposition)

    monkeypatch.setattr(RunningShop, "counted", counted)
    _written(monkeypatch, *(_entrance(429, number) for number in range(4)))
    told = account(_stage(tmp_path), Elsewhere(otlp="http://collector:4318"))
    assert told.kept is kept
    lost = dropped * len(SERVICES)
    assert told.quotes == (f"OTLP: 8 logs, 8 metrics, 8 traces sent, {lost} dropped",)


def test_elasticsearch_is_counted_while_no_metrics_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Elsewhere(elasticsearch="http://es:9200", otlp="http://collector:4318")
    on = _stage(tmp_path)
    files = RuleFiles(COMMITTED, tmp_path, lay_out(count(20000)), elsewhere.sections({}))
    monkeypatch.setattr(RunningShop, "rules", files)
    before = {name: files.text(name) for name in SERVICES}

    def counted(_stage: Stage, _elsewhere: Elsewhere) -> list[Check]:
        for name in SERVICES:
            told = YAML(typ="safe").load(files.text(name))["telemetry"]
            assert told["elasticsearch"]["metrics_every"] == "1h"
            assert told["otlp"]["metrics_every"] == "5s"
        return [Check("counted", kept=True, measured="as many")]

    monkeypatch.setattr(module, "_elsewhere", counted)
    _written(monkeypatch)
    assert account(on, elsewhere).quotes == ("as many",)
    assert {name: files.text(name) for name in SERVICES} == before
