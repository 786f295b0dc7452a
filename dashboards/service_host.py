"""Service, two rows: what it has least of, and its process and container."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import looks, panels
from dashboards.board import Row
from dashboards.queries import saturation
from dashboards.queries.asking import FLEET, as_table, over_time
from dashboards.tables import Column, columns
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import host_metrics as h

_INSTANCE: Final = "{{service}} {{instance}}"
_LISTENER: Final = "{{service}} {{listener}}"


def _resources() -> timeseries.Panel:
    panel = panels.lines(
        "Saturation by resource",
        "`loop` and `cpu`: more instances, or more CPU. `connections`, `service`, `concurrency`: "
        "a bound of the rule file is reached; is it too low, or is what is behind it too slow?",
        units.PercentUnit,
        over_time(saturation.by_resource(FLEET), "{{service}} {{resource}}"),
    )
    panel.thresholds(looks.the_more_the_worse(0.7, 0.9)).thresholds_style(looks.drawn())
    return panel.min(0).max(1)


def _lag() -> timeseries.Panel:
    panel = panels.lines(
        "How late the event loop is",
        "Every request waits for it. Above 50 ms the sidecar has too little CPU: give it more, or "
        "more instances.",
        units.Seconds,
        over_time(saturation.loop_lag(0.99, FLEET), "{{service}} p99"),
        over_time(saturation.loop_lag(0.50, FLEET), "{{service}} p50"),
    )
    panel.thresholds(looks.the_more_the_worse(0.02, 0.05)).thresholds_style(looks.drawn())
    return panel.min(0)


def _loop() -> timeseries.Panel:
    panel = panels.lines(
        "CPU of the event loop",
        "One thread serves every request: at 1 it is full, and only another instance helps.",
        units.PercentUnit,
        over_time(saturation.cpu(h.LOOP_CPU, FLEET), _INSTANCE),
    )
    panel.thresholds(looks.the_more_the_worse(0.7, 0.9)).thresholds_style(looks.drawn())
    return panel.span(8).min(0).max(1)


def _connections() -> timeseries.Panel:
    panel = panels.lines(
        "Connections of clients",
        "Open ones. A rise without more requests is a client that keeps them and asks nothing.",
        units.Short,
        over_time(saturation.connections(FLEET), _LISTENER),
    )
    return panel.span(8).min(0)


def _connecting() -> timeseries.Panel:
    panel = panels.lines(
        "Connections made and refused",
        "Refused for a reason: `limits.connections` or the limit of one client is reached. Many "
        "made for few requests: a client without keep-alive.",
        units.CountsPerSecond,
        over_time(saturation.connections_made(FLEET), f"{_LISTENER} made"),
        over_time(saturation.connections_refused(FLEET), f"{_LISTENER} refused: {{{{reason}}}}"),
    )
    return panel.span(8).min(0)


def _cpu() -> timeseries.Panel:
    panel = panels.lines(
        "CPUs used",
        "The sidecar's own process, everything in its container, and what the container may use. "
        "At the limit it is throttled.",
        units.Short,
        over_time(saturation.cpu(h.PROCESS_CPU, FLEET), f"{_INSTANCE} sidecar"),
        over_time(saturation.cpu(h.CONTAINER_CPU, FLEET), f"{_INSTANCE} container"),
        over_time(saturation.used(h.CONTAINER_CPU_LIMIT, FLEET), f"{_INSTANCE} limit"),
    )
    return panel.min(0)


def _throttling() -> timeseries.Panel:
    panel = panels.lines(
        "Throttled by the CPU quota",
        "In what share of its periods, and what share of the time, the container has to stand "
        "still. Everything is slow then: raise the quota.",
        units.PercentUnit,
        over_time(saturation.throttled(FLEET), f"{_INSTANCE} periods"),
        over_time(saturation.waiting_for_quota(FLEET), f"{_INSTANCE} time"),
    )
    panel.thresholds(looks.the_more_the_worse(0.05, 0.25)).thresholds_style(looks.drawn())
    return panel.min(0).span(8)


def _memory() -> timeseries.Panel:
    panel = panels.lines(
        "Memory",
        "A line that only rises is a leak. When the working set reaches the limit, the kernel "
        "kills the container.",
        units.BytesIEC,
        over_time(saturation.used(h.PROCESS_MEMORY, FLEET), f"{_INSTANCE} sidecar"),
        over_time(saturation.used(h.CONTAINER_WORKING_SET, FLEET), f"{_INSTANCE} working set"),
        over_time(saturation.used(h.CONTAINER_MEMORY, FLEET), f"{_INSTANCE} container"),
        over_time(saturation.used(h.CONTAINER_MEMORY_LIMIT, FLEET), f"{_INSTANCE} limit"),
    )
    return panel.min(0)


def _memory_events() -> timeseries.Panel:
    panel = panels.lines(
        "Limits of memory that were met",
        "`oom_kill`: a process was killed for want of memory. `max`: it had to give something "
        "back first. Raise the limit, or look for who needs so much.",
        units.CountsPerSecond,
        over_time(saturation.memory_events(FLEET), f"{_INSTANCE} {{{{event}}}}"),
    )
    return panel.span(8).min(0)


def _pressure() -> timeseries.Panel:
    panel = panels.lines(
        "Waiting for the machine",
        "The share of time in which something waited for CPU, memory or disk: of the container, "
        "else of the host. High while the service is idle: a neighbour takes it all.",
        units.PercentUnit,
        over_time(saturation.pressure(FLEET), f"{_INSTANCE} {{{{scope}}}} {{{{resource}}}}"),
    )
    return panel.span(8).min(0)


def _descriptors() -> timeseries.Panel:
    panel = panels.lines(
        "Open files, of those that may be open",
        "At 100 % no connection can be made. Raise the limit of the process (`ulimit -n`), or "
        "lower `limits.connections`.",
        units.PercentUnit,
        over_time(saturation.descriptors(FLEET), _INSTANCE),
    )
    panel.thresholds(looks.the_more_the_worse(0.7, 0.9)).thresholds_style(looks.drawn())
    return panel.span(8).min(0).max(1)


def _instances() -> table.Panel:
    panel = panels.rows(
        "Instances",
        "Which rules each has, for how long it has been there, and what it holds.",
        units.NoUnit,
        as_table(saturation.rules_running(FLEET)),
        as_table(saturation.uptime(FLEET)),
        as_table(saturation.used(h.PROCESS_THREADS, FLEET)),
        as_table(saturation.used(h.PROCESS_FDS, FLEET)),
        as_table(saturation.used(c.RELOAD_TIME, FLEET) + " * 1000"),
    )
    shown = {
        "service": Column("Service"),
        "instance": Column("Instance"),
        "version": Column("Rules"),
        "Value #E": Column("Rules since", units.DatetimeDefault),
        "Value #B": Column("Up for", units.DurationSeconds),
        "Value #C": Column("Threads", units.Short, decimals=0),
        "Value #D": Column("Open files", units.Short, decimals=0),
    }
    return columns(panel, shown).span(16)


SATURATION: Final = Row(
    "What has it too little of?",
    (_resources(), _lag(), _loop(), _connections(), _connecting()),
)
PROCESS: Final = Row(
    "Process and container",
    (
        _cpu(), _memory(), _throttling(), _pressure(), _descriptors(), _memory_events(),
        _instances(),
    ),
    collapsed=True,
)  # fmt: skip
