"""Where whoever is told about an alert reads on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec

from sidecar.alerting.alert import Alert, Group, Recording
from sidecar.alerting.panels import PANELS

#: Where the runbook is in this project; people who publish it say where.
RUNBOOK: Final = "docs/runbook.md"
#: Annotations that begin so are Grafana's, and say nothing to people.
GRAFANAS_OWN: Final = "__"


def linked(groups: Iterable[Group], runbook: str = RUNBOOK, grafana: str = "") -> tuple[Group, ...]:
    """The same groups, with links in each alert.

    ``runbook_url`` is the heading of its name. The panel that shows it is named as Grafana wants
    it, and as ``dashboard_url`` where the address of a Grafana is given.
    """
    return tuple(
        msgspec.structs.replace(
            group, rules=tuple(_linked(rule, runbook, grafana) for rule in group.rules)
        )
        for group in groups
    )


def _linked(rule: Alert | Recording, runbook: str, grafana: str) -> Alert | Recording:
    if isinstance(rule, Recording):
        return rule
    links = {"runbook_url": f"{runbook}#{anchor(rule.name)}", **_shown(rule, grafana)}
    return msgspec.structs.replace(rule, annotations={**rule.annotations, **links})


def _shown(alert: Alert, grafana: str) -> dict[str, str]:
    panel = PANELS.get(alert.name)
    if panel is None:
        return {}
    found = {
        f"{GRAFANAS_OWN}dashboardUid__": panel.board,
        f"{GRAFANAS_OWN}panelId__": str(panel.number),
    }
    if grafana:
        asked = urlencode({"viewPanel": panel.number, "var-service": alert.labels["service"]})
        found["dashboard_url"] = f"{grafana.rstrip('/')}/d/{panel.board}?{asked}"
    return found


def anchor(heading: str) -> str:
    """What a heading of Markdown is called in the address of its page, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
