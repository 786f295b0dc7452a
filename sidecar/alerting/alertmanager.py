"""Who is told about alerts, as a configuration of Alertmanager (0.25 or later)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from sidecar.alerting.alert import ABOUT, MARK
from sidecar.alerting.durations import written
from sidecar.alerting.notifying import GROUPED_BY, TICKET, Channel, Notifying, Route
from sidecar.alerting.office_hours import MUTED_NAME
from sidecar.alerting.yaml_text import yaml_text

_OURS: Final = f'{MARK[0]}="{MARK[1]}"'


#: Labels by which servers of Prometheus that share an Alertmanager are commonly told apart
#: (``external_labels``): a service that is gone in one place silences nothing of it in another.
PLACES: Final = ("cluster", "region", "environment", "env")


class Inhibition(msgspec.Struct, frozen=True):
    """While there is an alert of one sort, nobody is told about those of another."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    #: Labels that both have with the same value, or both do not have, beside ``PLACES``.
    equal: tuple[str, ...]


#: What would only repeat what somebody has been told already. An open breaker silences nothing
#: that users feel: its fallback may well help them, and when an objective burns as well, it does
#: not, which is worth knowing before anybody has opened a dashboard.
INHIBITIONS: Final = (
    # Of a service that tells nothing, nothing else is known.
    Inhibition(
        ('alertname="SidecarAbsent"', 'severity="page"'),
        ('alertname!="SidecarAbsent"',),
        ("service",),
    ),
    # Who has been woken needs no ticket for the same, be it a slower burn of the same budget.
    # Another owner has not been woken.
    Inhibition(
        ('severity="page"',),
        ('severity="ticket"',),
        ("service", "owner", "alertname", *ABOUT),
    ),
    Inhibition(
        ('alertname="SidecarSloBurn"', 'severity="page"', 'slo!=""'),
        ('severity="ticket"', 'slo!=""'),
        ("service", "owner", "slo"),
    ),
    # Nothing is taken, so it waits.
    Inhibition(
        ('alertname="SidecarExporterDown"',),
        ('alertname="SidecarTelemetryBehind"',),
        ("service", "exporter"),
    ),
)


class Mail(msgspec.Struct, frozen=True):
    """How Alertmanager sends mail."""

    #: ``HOST:PORT``.
    through: str
    sender: str


def configuration(
    notifying: Notifying, mail: Mail | None = None, header: Sequence[str] = ()
) -> str:
    """A whole configuration, for an Alertmanager that serves nothing else.

    What is not ours goes to who gets the tickets. Raises ValueError for mail without ``mail``.
    """
    if mail is None and any(channel.mail for channel in notifying.receivers().values()):
        raise ValueError("mail needs a server to go through and an address to come from")
    smtp = {} if mail is None else {"smtp_smarthost": mail.through, "smtp_from": mail.sender}
    tree = {
        **({"global": smtp} if smtp else {}),
        "route": {
            "receiver": TICKET,
            "group_by": list(GROUPED_BY),
            "routes": [_our_route(notifying)],
        },
        **_parts(notifying),
    }
    return yaml_text(tree, header)


def fragment(notifying: Notifying, header: Sequence[str] = ()) -> str:
    """What goes into a configuration that is there: each list to the one of the same name.

    ``routes`` is one of ``route``; it goes before those that would take ours.
    """
    return yaml_text({"routes": [_our_route(notifying)], **_parts(notifying)}, header)


def _parts(notifying: Notifying) -> dict[str, Any]:
    receivers = notifying.receivers().items()
    hours = notifying.office_hours
    muted = {"name": MUTED_NAME, "time_intervals": hours.outside()} if hours is not None else None
    return {
        "inhibit_rules": [_inhibit_rule(one) for one in INHIBITIONS],
        "receivers": [_receiver(name, channel) for name, channel in receivers],
        **({"time_intervals": [muted]} if muted is not None else {}),
    }


def _our_route(notifying: Notifying) -> dict[str, Any]:
    return {
        "matchers": [_OURS],
        "receiver": TICKET,
        "group_by": list(GROUPED_BY),
        "routes": [_route(route) for route in notifying.routes()],
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "matchers": [f"{name}={_quoted(value)}" for name, value in route.labels.items()],
        "receiver": route.receiver,
        "group_wait": written(route.pace.wait),
        "group_interval": written(route.pace.interval),
        "repeat_interval": written(route.pace.repeat),
        **({"mute_time_intervals": [MUTED_NAME]} if route.muted else {}),
    }


def _inhibit_rule(one: Inhibition) -> dict[str, Any]:
    return {
        "source_matchers": [_OURS, *one.source],
        "target_matchers": [_OURS, *one.target],
        "equal": [*one.equal, *PLACES],
    }


def _receiver(name: str, channel: Channel) -> dict[str, Any]:
    if channel.url:
        return {"name": name, "webhook_configs": [{"url": channel.url, "send_resolved": True}]}
    to = ", ".join(channel.mail)
    return {"name": name, "email_configs": [{"to": to, "send_resolved": True}]}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
