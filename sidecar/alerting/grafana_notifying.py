"""Who is told about alerts, in the shapes of Grafana's HTTP API for provisioning.

Grafana inhibits nothing: what Alertmanager keeps quiet, it tells.
"""

from __future__ import annotations

from typing import Any, Final

from sidecar.alerting.alert import MARK
from sidecar.alerting.durations import written
from sidecar.alerting.notifying import GROUPED_BY, TICKET, Channel, Notifying, Route
from sidecar.alerting.office_hours import MUTED_NAME

_GROUPED_BY: Final = ["grafana_folder", *GROUPED_BY]


def contact_points(notifying: Notifying) -> list[dict[str, Any]]:
    """Bodies of ``POST /api/v1/provisioning/contact-points``; name and uid are the same."""
    return [_contact_point(name, channel) for name, channel in notifying.receivers().items()]


def mute_timings(notifying: Notifying) -> list[dict[str, Any]]:
    """Bodies of ``POST /api/v1/provisioning/mute-timings``: none without office hours."""
    hours = notifying.office_hours
    return [] if hours is None else [{"name": MUTED_NAME, "time_intervals": hours.outside()}]


def policy(notifying: Notifying) -> dict[str, Any]:
    """Our route of the tree of notification policies; the rest of the tree is others'."""
    return {
        "receiver": TICKET,
        "object_matchers": [[MARK[0], "=", MARK[1]]],
        "group_by": _GROUPED_BY,
        "routes": [_route(route) for route in notifying.routes()],
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "receiver": route.receiver,
        "object_matchers": [[name, "=", value] for name, value in route.labels.items()],
        "group_by": _GROUPED_BY,
        "group_wait": written(route.pace.wait),
        "group_interval": written(route.pace.interval),
        "repeat_interval": written(route.pace.repeat),
        **({"mute_time_intervals": [MUTED_NAME]} if route.muted else {}),
    }


def _contact_point(name: str, channel: Channel) -> dict[str, Any]:
    settings: dict[str, Any]
    if channel.url:
        kind, settings = "webhook", {"url": channel.url, "httpMethod": "POST"}
    else:
        kind, settings = "email", {"addresses": ";".join(channel.mail), "singleEmail": True}
    return {
        "uid": name,
        "name": name,
        "type": kind,
        "settings": settings,
        "disableResolveMessage": False,
    }
