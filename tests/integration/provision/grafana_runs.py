"""Runs of provisioning on a stand-in for Grafana, by its client over HTTP."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import msgspec

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.access import Access
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.provisioning import provision
from sidecar.provision.grafana.server import Server
from sidecar.provision.step import Refused, Step, What
from tests.provision.grafana.planned import PLAN
from tests.servers.grafana.server import Grafana

#: What Grafana counts up or stamps by itself.
_OWN_NUMBERS = frozenset({"id", "folderId", "version", "updated", "created"})


def run(grafana: Grafana, plan: Plan = PLAN, *, dry_run: bool = False) -> list[Step]:
    """All steps; nothing where Grafana did not even say what it has."""
    server = Server(Access(grafana.url, SecretText(grafana.token)))
    try:
        version = server.version()
        steps = provision(
            server, plan, version=version, dry_run=dry_run, wait=lambda _seconds: None
        )
        return list(steps)
    except Refused as refused:
        return [Step(What.REFUSED, "Grafana", str(refused))]
    finally:
        server.close()


def counted(steps: list[Step]) -> Counter[What]:
    """How many came to what."""
    return Counter(step.what for step in steps)


def stored(grafana: Grafana) -> Any:
    """All that it has, without the numbers that it gives by itself."""
    state = grafana.state
    parts = {
        name: deepcopy(getattr(state, name))
        for name in (
            "folders", "data_sources", "secrets", "dashboards", "rules", "contact_points",
            "policies", "mute_timings",
        )
    }  # fmt: skip
    # In which order they were created is nobody's wish.
    parts["contact_points"] = sorted(state.contact_points, key=lambda one: str(one["uid"]))
    groups = {(rule["folderUID"], rule["ruleGroup"]) for rule in state.rules.values()}
    parts["intervals"] = {"/".join(key): state.intervals[key] for key in groups}
    return _without_numbers(parts)


def _without_numbers(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_numbers(v) for k, v in node.items() if k not in _OWN_NUMBERS}
    return [_without_numbers(one) for one in node] if isinstance(node, list) else node


def pruning(plan: Plan = PLAN) -> Plan:
    """The same, and what is wanted no more is deleted."""
    return msgspec.structs.replace(plan, prune=True)
