"""Alerts for people who want to know who will be told of what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from sidecar.alerting.alert import Alert, Group, Severity
from sidecar.alerting.in_words import when

_STYLES: Final = {Severity.PAGE: "bold red", Severity.TICKET: "yellow"}
_WIDTH: Final = max(len(one.value) for one in Severity)


def alert_lines(groups: Iterable[Group]) -> Iterator[Text]:
    """Two lines for each alert: what it is called and about, and when it fires."""
    for group in groups:
        for alert in group.rules:
            if isinstance(alert, Alert):
                yield _first(alert)
                yield Text(f"{' ' * _WIDTH}  {when(alert)}")


def _first(alert: Alert) -> Text:
    told = alert.annotations
    places = (told.get("rule", ""), told.get("source", ""))
    return Text.assemble(
        (f"{alert.severity.value:{_WIDTH}}  ", _STYLES[alert.severity]),
        (alert.name, "bold"),
        f"  {places[0]}" if places[0] else "",
        (f"  {places[1]}" if places[1] else "", "dim"),
    )


def counted(groups: Iterable[Group]) -> str:
    """``12 alerts, 4 pages``."""
    alerts = [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]
    pages = sum(alert.severity is Severity.PAGE for alert in alerts)
    return f"{len(alerts)} alert{'s' * (len(alerts) != 1)}, {pages} page{'s' * (pages != 1)}"
