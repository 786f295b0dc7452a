"""The account of a run: what the sidecars have told is whole, and is where it should be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final

from demo_services.check import Check
from demo_services.load.report import added
from demo_services.shop.story.elsewhere import METRICS_EVERY, Elsewhere
from demo_services.shop.story.layout import SERVICES, STOREFRONT
from demo_services.shop.story.operating import sidecar
from demo_services.shop.story.scraping import Scraper
from demo_services.shop.story.spans import entrance_statuses, orphans, spans_below
from demo_services.shop.story.stage import Stage, wait_until
from demo_services.shop.story.telling import Told

_SENT: Final = "sidecar_telemetry_sent_total"
_DROPPED: Final = "sidecar_telemetry_dropped_total"
_REFUSED: Final = (403, 429)
_OFTEN: Final = f"metrics_every: {METRICS_EVERY}"
_SELDOM: Final = "metrics_every: 1h"
_SETTLED_WITHIN_SECONDS: Final = 60.0


def account(stage: Stage, elsewhere: Elsewhere) -> Told:
    """Told like an act; what is not there is left out, and what does not answer is not kept."""
    with _silence(stage) if elsewhere.elasticsearch else contextlib.nullcontext():
        checks = [_whole(stage), *_elsewhere(stage, elsewhere)]
    words = [check.measured for check in checks]
    return Told(
        name="account",
        title="what the sidecars have told is counted",
        began=0.0,
        ended=0.0,
        checks=tuple(checks),
        report=None,
        gist=words[0],
        quotes=tuple(words[1:]),
    )


@contextlib.contextmanager
def _silence(stage: Stage) -> Iterator[None]:
    """No more metrics for Elasticsearch: what never stands still cannot be counted."""
    rules = stage.shop.rules
    for name in SERVICES:
        # The first one of the file: Elasticsearch comes before the collector.
        rules.edit(name, _OFTEN, _SELDOM)
    try:
        yield
    finally:
        for name in SERVICES:
            rules.edit(name, _SELDOM, _OFTEN)


def asked(stage: Stage) -> dict[int, int]:
    """Answers that customers have got at the entrance so far, by status."""
    reports = [act.report.statuses() for act in stage.story.acts if act.report is not None]
    return added([*reports, stage.asked])


def _whole(stage: Stage) -> Check:
    """A trace for each refusal, and for all that is kept the way to the entrance."""
    counts = asked(stage)
    refused = sum(counts.get(status, 0) for status in _REFUSED)
    found, lost, traces = 0, 0, 0

    def is_whole() -> bool:
        nonlocal found, lost, traces
        spans = spans_below(stage.shop.rules.documents)
        entrance = entrance_statuses(spans, STOREFRONT)
        found = sum(entrance.get(status, 0) for status in _REFUSED)
        lost, traces = sum(orphans(one) for one in spans.values()), len(spans)
        return found == refused and not lost

    is_kept = wait_until(is_whole, _SETTLED_WITHIN_SECONDS)
    return Check(
        "each refusal has its trace, and each span all that is above it, though 1% are sampled",
        is_kept,
        f"{traces} traces for {sum(counts.values())} requests, {found} of {refused} refusals "
        f"among them, {lost} spans without a parent",
    )


def _elsewhere(stage: Stage, elsewhere: Elsewhere) -> Iterator[Check]:
    if elsewhere.elasticsearch:
        yield _counted(stage, elsewhere)
        if stage.traced:
            yield _found(stage, elsewhere)
    if elsewhere.prometheus:
        yield _scraped(stage, elsewhere.prometheus)
    if elsewhere.otlp:
        yield _taken(stage)


def _counted(stage: Stage, elsewhere: Elsewhere) -> Check:
    from demo_services.shop.story.cluster import Cluster  # noqa: PLC0415 - imports the client

    there: dict[str, int] = {}
    said: dict[str, int] = {}
    with Cluster(elsewhere.elasticsearch, elsewhere.ca, os.environ) as cluster:

        def agree() -> bool:
            nonlocal there, said
            before = _sent(stage, "elasticsearch")
            there = cluster.counts(stage.shop.run)
            said = _sent(stage, "elasticsearch")
            return before == said == there

        is_kept = wait_until(agree, _SETTLED_WITHIN_SECONDS)
    return Check(
        "Elasticsearch has as many documents as the sidecars say that they have sent",
        is_kept and all(there.values()),
        f"Elasticsearch: {_words(there)} are there, {_words(said)} were sent",
    )


def _found(stage: Stage, elsewhere: Elsewhere) -> Check:
    where = ["--elasticsearch", elsewhere.elasticsearch]
    where += ["--ca", elsewhere.ca] if elsewhere.ca else []
    said = sidecar(stage.shop.state_directory(STOREFRONT), "trace", stage.traced, *where)
    return Check(
        "the order that was followed is found there", said.status == 0, f"see: {said.command}"
    )


def _scraped(stage: Stage, url: str) -> Check:
    promise = "Prometheus has counted as many answers as customers got"
    scraper = Scraper(url)
    instances = {name: stage.shop.metrics_address(name) for name in SERVICES}
    if not wait_until(lambda: set(instances.values()) <= scraper.scraped(), 10.0):
        return Check(promise, kept=True, measured="Prometheus: skipped, it does not scrape them")
    counts = {status: count for status, count in asked(stage).items() if count}
    found: dict[int, int] = {}

    def agree() -> bool:
        nonlocal found
        found = scraper.statuses(instances[STOREFRONT])
        return found == counts

    is_kept = wait_until(agree, _SETTLED_WITHIN_SECONDS)
    return Check(promise, is_kept, f"Prometheus: {_words(found)}; customers: {_words(counts)}")


def _taken(stage: Stage) -> Check:
    sent: dict[str, int] = {}
    lost = 0

    def is_taken() -> bool:
        nonlocal sent, lost
        sent = _sent(stage, "otlp")
        lost = _total(stage, _DROPPED, exporter="otlp")
        return all(sent.values()) and not lost

    is_kept = wait_until(is_taken, _SETTLED_WITHIN_SECONDS)
    return Check(
        "the collector has taken everything", is_kept, f"OTLP: {_words(sent)} sent, {lost} dropped"
    )


def _sent(stage: Stage, exporter: str) -> dict[str, int]:
    return {
        signal: _total(stage, _SENT, exporter=exporter, signal=signal)
        for signal in ("traces", "logs", "metrics")
    }


def _total(stage: Stage, metric: str, **labels: str) -> int:
    return sum(int(stage.shop.counted(name).total(metric, labels)) for name in SERVICES)


def _words(counts: dict[str, int] | dict[int, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
