"""A plan with something of every kind in it."""

from __future__ import annotations

from copy import deepcopy

import msgspec

from sidecar.alerting.alert import MARK, Alert, Group, Severity
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.alerting.office_hours import parse_office_hours
from sidecar.model.secret import SecretText
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import Place, Places
from tests.provision.grafana.pretended import PretendedGrafana

WEBHOOK = "https://hooks.example/canary-of-the-pager"


def alert(entry: str, service: str = "order", **labels: str) -> Alert:
    """One of a service."""
    return Alert(
        name="SidecarShedding",
        entry=entry,
        severity=Severity.PAGE,
        expression='sum(rate(sidecar_shed_total{service="order"}[5m])) > 0.1',
        for_seconds=60,
        keep_firing_seconds=0,
        labels={
            "service": service, "severity": "page", "alert": entry, "owner": "trade-team",
            MARK[0]: MARK[1], **labels,
        },
        annotations={"summary": "Sheds {{ $value | humanizePercentage }}.", "why": "for 5 $"},
    )  # fmt: skip


def group(*entries: str, service: str = "order", interval: float = 15.0) -> Group:
    """A group of such alerts."""
    alerts = tuple(alert(entry, service) for entry in entries)
    return Group(f"sidecar {service}", interval, alerts)


NOTIFYING = Notifying(
    page=Channel(url=WEBHOOK),
    ticket=Channel(mail=("team@shop.example",)),
    owners={"trade-team": Channel(url=f"{WEBHOOK}/trade")},
    office_hours=parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin"),
)
PLACES = Places(
    Place("http://prometheus:9090", "reader", SecretText("canary-of-prometheus")),
    Place("https://es:9200", authorization=SecretText("ApiKey canary-of-es")),
    Place("http://traces:16686"),
)
PLAN = Plan(PLACES, (group("heavy", "light"), group("other", service="cart")), NOTIFYING)


def with_alerts(*groups: Group) -> Plan:
    """The same with other alerts."""
    return msgspec.structs.replace(PLAN, alerts=groups)


def state_of(pretended: PretendedGrafana) -> object:
    """All that it has."""
    state = pretended.state
    return deepcopy(
        (
            state.folders, state.data_sources, state.dashboards, state.rules,
            state.contact_points, {**state.policies, "routes": state.policies.get("routes", [])},
            state.mute_timings,
        )
    )  # fmt: skip
