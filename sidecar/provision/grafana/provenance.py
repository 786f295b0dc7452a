"""Whose an alerting thing is as Grafana sees it, which decides who may change it there.

What is written through the API counts as provisioned, and nobody can edit it in Grafana any more,
unless a header says otherwise. It says so here: at three in the morning somebody must be able to
pause a rule or to send alerts elsewhere. What was changed is shown by ``--dry-run``, and put right
by the next run. What is provisioned already stays so, for Grafana lets nobody take that back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sidecar.provision.grafana.wanted import FROM_A_FILE

#: Whatever its value, that it is there counts.
EDITABLE: Final[Mapping[str, str]] = {"X-Disable-Provenance": "true"}


def headers(there: Mapping[str, Any]) -> dict[str, str]:
    """What has to be said with a change of what is there, so that it stays whose it is."""
    return {} if there.get("provenance") else dict(EDITABLE)


def locked(there: Mapping[str, Any]) -> str:
    """Why what is there cannot be changed through the API; empty when it can."""
    provenance = there.get("provenance") or "api"
    if provenance == "file":
        return FROM_A_FILE
    return "" if provenance == "api" else f"it is provisioned by others ({provenance})"
