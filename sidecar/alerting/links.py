"""Where whoever is told about an alert reads on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from sidecar.alerting.alert import Alert, Group, Recording

#: Where the runbook is in this project; people who publish it say where.
RUNBOOK: Final = "docs/runbook.md"


def linked(groups: Iterable[Group], runbook: str = RUNBOOK) -> tuple[Group, ...]:
    """The same groups, with ``runbook_url`` in each alert: the heading of its name."""
    return tuple(
        msgspec.structs.replace(group, rules=tuple(_linked(rule, runbook) for rule in group.rules))
        for group in groups
    )


def _linked(rule: Alert | Recording, runbook: str) -> Alert | Recording:
    if isinstance(rule, Recording):
        return rule
    link = {"runbook_url": f"{runbook}#{anchor(rule.name)}"}
    return msgspec.structs.replace(rule, annotations={**rule.annotations, **link})


def anchor(heading: str) -> str:
    """What a heading of Markdown is called in the address of its page, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
