"""Service, the top row: the four golden signals; and a row for its routes."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels
from dashboards.board import Row
from dashboards.queries import requests, saturation
from dashboards.queries.asking import (
    BY_ROUTE,
    FLEET,
    as_heatmap,
    as_table,
    over_time,
    with_exemplars,
)
from dashboards.tables import Column, columns

_ROUTE: Final = ("service", "http_route")
_LINE: Final = "{{service}} {{http_route}}"


def _latency() -> stat.Panel:
    panel = panels.number(
        "Latency: slowest 1 %",
        "What one in a hundred requests takes longer than. Is it the service (its upstreams are "
        "quick), somebody that it calls (they are slow), or waiting (saturation is high)?",
        units.Seconds,
        over_time(requests.slowest(0.99, BY_ROUTE, ("service",)), "p99"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.5, 2)).span(6)


def _traffic() -> stat.Panel:
    panel = panels.number(
        "Traffic",
        "Requests a second that have ended. Nothing at all: the way to the sidecar is cut off, or "
        "nobody asks.",
        units.RequestsPerSecond,
        over_time(requests.requests(BY_ROUTE), "requests"),
    )
    return panel.thresholds(looks.plain()).span(6).decimals(1)


def _errors() -> stat.Panel:
    panel = panels.number(
        "Errors",
        "The share of answers that are a 5xx or broke off; a 4xx is none. The row of routes says "
        "which, and why; the row of upstreams whether they come from somebody else.",
        units.PercentUnit,
        over_time(requests.error_share(BY_ROUTE), "errors"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.001, 0.01)).decimals(2).span(6)


def _saturation() -> stat.Panel:
    panel = panels.number(
        "Saturation",
        "How much is used of what is scarcest, at the fullest instance: the number to scale on. "
        "The row of saturation says what it is.",
        units.PercentUnit,
        over_time(saturation.fullest(FLEET), "saturation"),
    )
    return panel.thresholds(looks.the_more_the_worse(0.7, 0.9)).decimals(0).max(1).span(6)


def _rate() -> timeseries.Panel:
    panel = panels.lines(
        "Requests by route",
        "Which part of the service is asked for. A rise of one route alone is a crowd or a client "
        "that has gone wild; a limit on the route keeps it from the others.",
        units.RequestsPerSecond,
        over_time(requests.requests(BY_ROUTE, _ROUTE), _LINE),
    )
    return panel.data_links([links.traces_of_series()]).span(8).min(0)


def _failing() -> timeseries.Panel:
    panel = panels.lines(
        "Errors by route and reason",
        "The reason is the sidecar's own word where it has one (`request_timeout`, "
        "`breaker_open` …), else the status that the service gave. Click a line for the traces.",
        units.RequestsPerSecond,
        over_time(requests.errors_by_type(BY_ROUTE, _ROUTE), f"{_LINE}: {{{{error_type}}}}"),
    )
    return panel.data_links([links.traces_of_series()]).span(8).min(0)


def _duration() -> timeseries.Panel:
    panel = panels.lines(
        "How long routes take",
        "Half of the requests take less than p50, all but one in a hundred less than p99. Both up: "
        "everything is slow. p99 alone: some wait for something. Dots lead to traces.",
        units.Seconds,
        with_exemplars(requests.duration(0.99, BY_ROUTE, _ROUTE), f"{_LINE} p99"),
        over_time(requests.duration(0.50, BY_ROUTE, _ROUTE), f"{_LINE} p50"),
    )
    return panel.data_links([links.traces_of_series()]).span(8).min(0)


def _spread() -> heatmap.Panel:
    return panels.distribution(
        "How durations spread",
        "Two bands are two kinds of requests, or some that wait for a retry or a timeout. Dots are "
        "single requests: click one that is far up for its trace.",
        units.Seconds,
        as_heatmap(requests.buckets(BY_ROUTE)).exemplar(True),
    )


def _statuses() -> timeseries.Panel:
    panel = panels.stacked(
        "Answers by status",
        "4xx are the callers' doing: a rise after a release of theirs, or of this service. 429 is "
        "a limit of ours, 503 most often a breaker or overload.",
        units.RequestsPerSecond,
        over_time(
            requests.answers_by_status(BY_ROUTE, ("service",)),
            "{{service}} {{http_response_status_code}}",
        ),
    )
    return panel.data_links([links.traces_of_series()])


def _routes() -> table.Panel:
    panel = panels.rows(
        "Routes",
        "Every route as it is now; what is red is to be looked at first.",
        units.NoUnit,
        as_table(requests.requests(BY_ROUTE, _ROUTE)),
        as_table(requests.error_share(BY_ROUTE, _ROUTE)),
        as_table(requests.mean_duration(BY_ROUTE, _ROUTE)),
        as_table(requests.duration(0.99, BY_ROUTE, _ROUTE)),
        as_table(requests.in_flight(BY_ROUTE, _ROUTE)),
    )
    shown = {
        "service": Column("Service"),
        "http_route": Column("Route"),
        "Value #A": Column("Requests", units.RequestsPerSecond, decimals=1),
        "Value #B": Column("Errors", units.PercentUnit, looks.the_more_the_worse(0.001, 0.01)),
        "Value #C": Column("Mean", units.Seconds),
        "Value #D": Column("Slowest 1 %", units.Seconds, looks.the_more_the_worse(0.5, 2)),
        "Value #E": Column("In flight", units.Short, decimals=0),
    }
    return columns(panel, shown)


def _unreadable() -> timeseries.Panel:
    panel = panels.lines(
        "Requests that could not be read",
        "Clients that speak no proper HTTP, send too much, or too slowly: scanners, broken "
        "libraries, attacks. The log has their addresses.",
        units.RequestsPerSecond,
        over_time(
            requests.unreadable(FLEET, ("service", "listener")),
            "{{service}} {{listener}}: {{reason}}",
        ),
        over_time(
            requests.without_their_deadline(FLEET, ("service", "listener")),
            "{{service}} {{listener}}: deadline ignored",
        ),
    )
    return panel.min(0)


def _in_flight() -> timeseries.Panel:
    panel = panels.lines(
        "Requests in flight, by route",
        "What is being served. When it rises while the rate does not, answers take longer: "
        "something that the route waits for is slow.",
        units.Short,
        over_time(requests.in_flight(BY_ROUTE, _ROUTE), _LINE),
    )
    return panel.min(0)


SIGNALS: Final = Row("Do its users suffer?", (_latency(), _traffic(), _errors(), _saturation()))
ROW: Final = Row(
    "Which route is it?",
    (
        _rate(), _failing(), _duration(), _spread(), _statuses(), _routes(), _in_flight(),
        _unreadable(),
    ),
)  # fmt: skip
