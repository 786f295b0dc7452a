"""What somebody has been told of the shop's alerts, and what they are to be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sidecar.alerting.links import anchor
from tests.servers.prometheus import Prometheus
from tests.servers.webhook import Notified, State, Webhook

_RUNBOOK: Final = Path(__file__).parents[3] / "docs" / "runbook.md"
_LEFT_OVER: Final = re.compile(r"\{\{|\}\}|<no value>|<error|NaN|Inf|\$")
_NAME: Final = re.compile(r"name: ([a-z0-9-]+)")


class Key(NamedTuple):
    """What tells an alert from others."""

    name: str
    service: str
    subject: str
    severity: str

    @property
    def is_slow(self) -> bool:
        """Whether it looks back for minutes even in the demo's time."""
        return self.name == "SidecarSloBurn" and self.severity == "ticket"


def key_of(name: str, labels: Mapping[str, str]) -> Key:
    """The key of an alert with these labels."""
    subject = labels.get("slo") or labels.get("rule") or labels.get("upstream") or ""
    return Key(name, labels["service"], subject, labels["severity"])


def loaded(prometheus: Prometheus) -> set[Key]:
    """Every alert that Prometheus watches for; fails when a rule of any sort does not work.

    One that it has not come to yet, since it is looked at every few minutes, may work.
    """
    rules = [rule for group in prometheus.rule_groups() for rule in group["rules"]]
    assert all(rule["health"] != "err" for rule in rules), _ailing(rules)
    return {key_of(rule["name"], rule["labels"]) for rule in rules if rule["type"] == "alerting"}


def _ailing(rules: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(rule["name"], rule.get("lastError", "")) for rule in rules if rule["health"] == "err"]


def keys(webhook: Webhook, status: State) -> set[Key]:
    """What was told in that state so far."""
    return {key_of(one.name, one.labels) for one in webhook.alerts(status)}


def mistakes(told: Notified) -> list[str]:
    """Whatever makes what was told of no use to the person who is told."""
    found = [f"{name} is empty" for name, text in told.annotations.items() if not text.strip()]
    for name in ("summary", "description", "why"):
        text = told.annotations.get(name, "")
        if not text or _LEFT_OVER.search(text):
            found.append(f"{name}: {text!r}")
    found += _wrong_place(told) + _wrong_owner(told) + _wrong_receiver(told)
    if _heading(told) not in _RUNBOOK.read_text(encoding="utf-8").splitlines():
        found.append(f"the runbook has no {_heading(told)!r}")
    if told.annotations["runbook_url"].rpartition("#")[2] != anchor(told.name):
        found.append(f"{told.annotations['runbook_url']} is not of {told.name}")
    return [f"{told.name} of {told.labels['service']}: {one}" for one in found]


def _heading(told: Notified) -> str:
    return f"## {told.name}"


def _wrong_place(told: Notified) -> list[str]:
    """The entry stands where it is said to, and so does what it is about."""
    rule = told.annotations["rule"]
    kind, _, name = rule.partition("/")
    about = told.labels["alert"] if kind == "services" else name
    said = {"alert_source": told.labels["alert"], "source": about}
    found = [
        f"{place} says {told.annotations[place]}, where {name} is not"
        for place, name in said.items()
        if _named_at(told.annotations[place]) != name
    ]
    subject = told.labels.get("rule") or f"slo/{told.labels.get('slo')}"
    return found if kind == "services" or subject == rule else [*found, f"{subject} is not {rule}"]


def _named_at(place: str) -> str:
    found = _NAME.search(_line(place))
    return found[1] if found else ""


def _line(place: str) -> str:
    file, _, number = place.rpartition(":")
    return Path(file).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def _wrong_owner(told: Notified) -> list[str]:
    file = Path(told.annotations["source"].rpartition(":")[0])
    lines = file.read_text(encoding="utf-8").splitlines()
    owners = {told.labels["owner"], told.annotations["owner"]}
    says = [f"service: {told.labels['service']}", *(f"owner: {owner}" for owner in owners)]
    return [f"{file.name} does not say {line!r}" for line in says if line not in lines]


def _wrong_receiver(told: Notified) -> list[str]:
    severity = told.labels["severity"]
    right = told.path == f"/{severity}" and told.receiver == f"sidecar-{severity}"
    return [] if right else [f"a {severity} went to {told.receiver} at {told.path}"]
