"""Telemetry health, two rows: what is lost, and what waits for whom."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import logs, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import documents, telemetry
from dashboards.queries.asking import FLEET, over_time
from sidecar.telemetry import export_metrics as e

_EXPORTER: Final = "{{service}} → {{exporter}}"


def _lost_now() -> stat.Panel:
    panel = panels.number(
        "Lost",
        "Spans, log records, metrics and lines a second that nobody will ever see. Requests are "
        "served all the same. Above 0: the panel below says of whom and why, and what to do.",
        units.CountsPerSecond,
        over_time(telemetry.lost(FLEET), "lost"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.001, 10)).decimals(1)


def _lost_share() -> stat.Panel:
    panel = panels.number(
        "Share lost",
        "Of what was to be sent to backends. What you see of that time has holes of this size; "
        "counters in Prometheus have none.",
        units.PercentUnit,
        over_time(telemetry.lost_share(FLEET), "share"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.0001, 0.01)).no_value("nothing is sent")


def _down() -> stat.Panel:
    panel = panels.number(
        "Backends down",
        "How many do not take what they are sent, by service. Nothing is lost yet: it waits in "
        "memory and in the spool. Repair the backend before that is full.",
        units.Short,
        over_time(telemetry.down(FLEET), "down"),
    )
    panel.thresholds(looks.thresholds(looks.GOOD, {1: looks.BAD}))
    return panel.no_value("none").decimals(0)


def _behind() -> stat.Panel:
    panel = panels.number(
        "Furthest behind",
        "How long the oldest of what is in memory has waited: so much later than it happened do "
        "you see it in Elasticsearch. Minutes: the backend is too slow, or down.",
        units.Seconds,
        over_time(telemetry.oldest(FLEET, ()), "behind"),
    )
    return panel.thresholds(looks.the_more_the_worse(10, 60)).no_value("no backends")


def _on_disk() -> stat.Panel:
    panel = panels.number(
        "In the spool",
        "What waits on disk for a backend that does not take it. It is sent when the backend is "
        "well again; when the spool is full, the oldest is dropped and counted as `spool_full`.",
        units.BytesIEC,
        over_time(telemetry.waits(e.SPOOL, FLEET, ()), "spool"),
    )
    panel.thresholds(looks.the_more_the_worse(1, 256 * 1024 * 1024))
    return panel.no_value("no backends")


def _unscraped() -> stat.Panel:
    panel = panels.number(
        "Sidecars that are scraped",
        "The share of those that Prometheus knows. Below 100 %: the sidecar is gone, or its port "
        "for metrics cannot be reached. The timeline of scrapes below names it.",
        units.PercentUnit,
        over_time(telemetry.scraped_share(FLEET), "scraped"),
    )
    return panel.thresholds(looks.the_less_the_worse(1, 0.9)).max(1).no_value("none at all")


def _lost() -> timeseries.Panel:
    panel = panels.stacked(
        "Lost, by whom, signal and reason",
        "`queue_full`, `spool_full`: the backend was away or slow for too long. `mapping`, "
        "`too_large`, `rejected`: it refuses documents; `sidecar status` says what is wrong. With "
        "no exporter: lost before it was anyone's. All words: the reference of reasons.",
        units.CountsPerSecond,
        over_time(
            telemetry.lost_by(FLEET, ("service", "exporter", "signal", "reason")),
            f"{_EXPORTER} {{{{signal}}}}: {{{{reason}}}}",
        ),
    )
    return panel.no_value("nothing is lost").data_links([links.service_of_series()])


def _lines() -> timeseries.Panel:
    panel = panels.stacked(
        "Log lines lost",
        "Of the sidecar's own log and of its audit log: their destination is slow, full or gone. "
        "Is there space on the disk, does anybody read the pipe?",
        units.CountsPerSecond,
        over_time(
            telemetry.lost_by(
                FLEET, ("service", "signal", "reason"), exporter="", signal="=~logs|audit"
            ),
            "{{service}} {{signal}}: {{reason}}",
        ),
    )
    return panel.no_value("none")


LOST: Final = Row(
    "Is telemetry lost?",
    (
        _lost_now(), _lost_share(), _down(), _behind(), _on_disk(), _unscraped(),
        _lost().span(16), _lines().span(8),
    ),
)  # fmt: skip


# --- what waits, and how backends do


def _up() -> statetimeline.Panel:
    panel = panels.states(
        "Backends",
        "Red: it does not take what it is sent, at one instance at least. The panel of events "
        "below, or `sidecar status` where that is down too, says why.",
        units.NoUnit,
        over_time(telemetry.is_up(FLEET), _EXPORTER),
    )
    return panel.mappings([looks.BACKEND]).data_links([links.traces_of_series()])


def _age() -> timeseries.Panel:
    panel = panels.lines(
        "How far behind",
        "How long the oldest of what is in memory has waited. It rises by a second each second "
        "while a backend is down; slowly, when it is too slow for what is sent: sample less.",
        units.Seconds,
        over_time(telemetry.oldest(FLEET), _EXPORTER),
    )
    panel.thresholds(looks.the_more_the_worse(10, 60)).thresholds_style(looks.drawn())
    return panel.min(0)


def _queue() -> timeseries.Panel:
    return panels.stacked(
        "Waiting in memory",
        "Bounded; what does not fit goes to the spool, or is dropped where there is none.",
        units.BytesIEC,
        over_time(telemetry.waits(e.QUEUE, FLEET), _EXPORTER),
    )


def _spool() -> timeseries.Panel:
    return panels.stacked(
        "Waiting on disk",
        "Falls when the backend is well again. It only grows: repair the backend, or send the "
        "files by hand before the oldest is dropped.",
        units.BytesIEC,
        over_time(telemetry.waits(e.SPOOL, FLEET), _EXPORTER),
    )


def _documents() -> timeseries.Panel:
    return panels.stacked(
        "Documents on disk",
        "How many there are to catch up with. After a repair it has to fall to 0.",
        units.Short,
        over_time(telemetry.waits(e.SPOOLED, FLEET), _EXPORTER),
    )


def _sent() -> timeseries.Panel:
    return panels.stacked(
        "Sent",
        "Items a second that backends have, by signal. It follows the traffic; at 0 with traffic "
        "there, look at the backends above.",
        units.CountsPerSecond,
        over_time(telemetry.sent(FLEET), f"{_EXPORTER} {{{{signal}}}}"),
    )


def _deliveries() -> timeseries.Panel:
    panel = panels.stacked(
        "Deliveries",
        "`failure`: not taken, or only in part; it is sent again. All of them: the backend is "
        "down, or its key is wrong.",
        units.RequestsPerSecond,
        over_time(telemetry.deliveries(FLEET), f"{_EXPORTER}: {{{{result}}}}"),
    )
    return panel.no_value("none")


def _took() -> timeseries.Panel:
    panel = panels.lines(
        "How long deliveries take",
        "Seconds: the backend is busy. It is never the requests that wait for it.",
        units.Seconds,
        over_time(telemetry.delivery(0.99, FLEET), f"{_EXPORTER} p99"),
        over_time(telemetry.delivery(0.50, FLEET), f"{_EXPORTER} p50"),
    )
    panel.thresholds(looks.the_more_the_worse(1, 10)).thresholds_style(looks.drawn())
    return panel.min(0).no_value("none")


def _events() -> logs.Panel:
    return panels.records(
        "What sidecars say of backends",
        "Why a backend does not take what it is sent, in its own words, and when it did again. "
        "While it is Elasticsearch itself that is down, the sidecar's own log has these lines.",
        documents.newest(documents.events(("sidecar.backend",))),
    ).height(6)


BACKENDS: Final = Row(
    "What waits, and for whom?",
    (
        _up().span(12), _age().span(12), _queue().span(8), _spool().span(8), _documents().span(8),
        _sent().span(8), _deliveries().span(8), _took().span(8), _events(),
    ),
)  # fmt: skip
