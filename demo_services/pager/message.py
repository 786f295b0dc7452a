"""What Alertmanager and Grafana send to a webhook, in one line for each alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec


class Alert(msgspec.Struct, frozen=True):
    """One alert of a message."""

    status: str
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class Message(msgspec.Struct, frozen=True):
    """As much of it as is shown."""

    alerts: tuple[Alert, ...]


def lines(body: bytes, to: str) -> Iterator[str]:
    """A line for each alert. Raises msgspec.MsgspecError for what is no such message."""
    for alert in msgspec.json.decode(body, type=Message).alerts:
        told = alert.annotations
        words = told.get("summary", alert.labels.get("alertname", "?"))
        place = f" ({told['source']})" if "source" in told else ""
        why = f" - {told['why']}" if "why" in told else ""
        # What is sent is shown: it may not look like another line.
        yield " ".join(f"{to}: {alert.status}: {words}{place}{why}".split())
