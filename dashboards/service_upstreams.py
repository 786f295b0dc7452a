"""Service, two rows: those that it calls, and the ways to them."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import DashboardLink

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import upstreams
from dashboards.queries.asking import BY_UPSTREAM, over_time, with_exemplars
from sidecar.telemetry import catalogue as c

_LINE: Final = "{{service}} → {{upstream}}"
_ENDPOINT: Final = "{{upstream}} {{server_address}}:{{server_port}}"
_TRACES: Final[list[Builder[DashboardLink]]] = [links.traces_of_series()]


def _rate() -> timeseries.Panel:
    panel = panels.lines(
        "Attempts by upstream",
        "What the sidecar sends, retries included: to its own service, and to those that this one "
        "calls. More than before with as many requests: somebody retries.",
        units.RequestsPerSecond,
        over_time(upstreams.attempts(BY_UPSTREAM), _LINE),
    )
    return panel.data_links(_TRACES).span(8).min(0)


def _failing() -> timeseries.Panel:
    panel = panels.lines(
        "Failures by upstream and reason",
        "No answer, or a 5xx; a 4xx is the caller's own mistake and not here. The upstream that "
        "fails is the one to repair: look at its own service dashboard.",
        units.RequestsPerSecond,
        over_time(upstreams.failures_by_type(BY_UPSTREAM), f"{_LINE}: {{{{error_type}}}}"),
    )
    return panel.data_links(_TRACES).span(8).min(0)


def _share() -> timeseries.Panel:
    panel = panels.lines(
        "Share of failures by upstream",
        "Which upstream does not do its work. From its breaker's bound on it is left alone.",
        units.PercentUnit,
        over_time(upstreams.failure_share(BY_UPSTREAM), _LINE),
    )
    return panel.data_links(_TRACES).span(8).min(0).max(1)


def _duration() -> timeseries.Panel:
    panel = panels.lines(
        "How long upstreams take",
        "If one of these is slow, so is whatever waits for it: go on at its own service "
        "dashboard. If all are quick and the service is slow, it is the service itself.",
        units.Seconds,
        with_exemplars(upstreams.duration(0.99, BY_UPSTREAM), f"{_LINE} p99"),
        over_time(upstreams.duration(0.50, BY_UPSTREAM), f"{_LINE} p50"),
    )
    return panel.data_links(_TRACES).min(0)


def _up() -> statetimeline.Panel:
    panel = panels.states(
        "Endpoints",
        "Red: it is ejected or fails its health checks, and gets no requests. All of an upstream "
        "red: nobody can be asked. Is the process there, does its health path answer?",
        units.NoUnit,
        over_time(upstreams.is_up(BY_UPSTREAM), _ENDPOINT),
    )
    return panel.mappings([looks.UP])


def _ejections() -> timeseries.Panel:
    panel = panels.lines(
        "Ejections and failed health checks",
        "An endpoint that is ejected again and again is ill, though it answers now and then: take "
        "it out.",
        units.CountsPerSecond,
        over_time(
            upstreams.counted(c.UPSTREAM_EJECTIONS, BY_UPSTREAM, upstreams.ENDPOINT),
            f"{_ENDPOINT} ejected",
        ),
        over_time(upstreams.failed_checks(BY_UPSTREAM), f"{_ENDPOINT} check failed"),
        over_time(upstreams.failed_lookups(BY_UPSTREAM), "{{upstream}} not found"),
    )
    return panel.min(0)


def _ejected() -> timeseries.Panel:
    panel = panels.lines(
        "Endpoints that are ejected",
        "How many are left alone because requests to them failed. They are tried again by "
        "themselves, after a time that grows.",
        units.Short,
        over_time(upstreams.summed(c.UPSTREAM_EJECTED, BY_UPSTREAM), _LINE),
    )
    return panel.min(0).span(8)


def _retries() -> timeseries.Panel:
    panel = panels.lines(
        "Retries by reason",
        "Attempts that were repeated, by why the one before failed. They hide a failing endpoint "
        "from users, and cost the upstream as much as a request.",
        units.RequestsPerSecond,
        over_time(
            upstreams.by_reason(c.UPSTREAM_RETRIES, BY_UPSTREAM),
            f"{_LINE}: {{{{reason}}}}",
        ),
    )
    return panel.data_links(_TRACES).min(0).span(8)


def _unreachable() -> timeseries.Panel:
    panel = panels.lines(
        "Connections that did not come about",
        "`connect_failure`: nobody listens. `connect_timeout`: a firewall, or a host that is gone. "
        "`upstream_tls_failure`: a certificate that is not believed, or over.",
        units.CountsPerSecond,
        over_time(
            upstreams.by_reason(c.UPSTREAM_CONNECT_FAILURES, BY_UPSTREAM),
            f"{_LINE}: {{{{reason}}}}",
        ),
    )
    return panel.min(0).span(8)


def _in_flight() -> timeseries.Panel:
    panel = panels.lines(
        "Attempts in flight, and those that wait for a connection",
        "When some wait, the pool is full: the upstream is slow, or `pool.max_connections` is too "
        "low for so many requests.",
        units.Short,
        over_time(upstreams.summed(c.UPSTREAM_IN_FLIGHT, BY_UPSTREAM), f"{_LINE} in flight"),
        over_time(upstreams.summed(c.UPSTREAM_PENDING, BY_UPSTREAM), f"{_LINE} waiting"),
    )
    return panel.min(0)


def _connections() -> timeseries.Panel:
    panel = panels.lines(
        "Connections to upstreams",
        "Open ones, and how many are made a second. Many made for few requests: the upstream "
        "closes them, and each new one costs time.",
        units.Short,
        over_time(upstreams.summed(c.UPSTREAM_OPEN, BY_UPSTREAM), f"{_LINE} open"),
        over_time(upstreams.counted(c.UPSTREAM_CONNECTS, BY_UPSTREAM), f"{_LINE} made a second"),
    )
    return panel.min(0)


def _overflows() -> timeseries.Panel:
    panel = panels.lines(
        "Pools that were full",
        "Requests that found neither a connection nor room in the queue for one: they were "
        "refused. `unasked` are connections that an upstream wrote to before it was asked.",
        units.CountsPerSecond,
        over_time(upstreams.counted(c.UPSTREAM_OVERFLOWS, BY_UPSTREAM), f"{_LINE} overflow"),
        over_time(upstreams.counted(c.UPSTREAM_UNSOLICITED, BY_UPSTREAM), f"{_LINE} unasked"),
    )
    return panel.min(0)


ROW: Final = Row(
    "Is it somebody that it calls?",
    (
        _rate(), _failing(), _share(), _duration(), _up(), _retries(), _unreachable(), _ejected(),
    ),
)  # fmt: skip
POOLS: Final = Row(
    "The ways to upstreams",
    (_in_flight(), _connections(), _ejections(), _overflows()),
    collapsed=True,
)
