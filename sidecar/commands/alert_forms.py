"""What ``sidecar alerts`` writes: one text for each reader."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from sidecar.alerting.alert import Alert, Group
from sidecar.alerting.alertmanager import Mail, configuration, fragment
from sidecar.alerting.grafana_rules import provisioning_file
from sidecar.alerting.links import RUNBOOK
from sidecar.alerting.notifying import Notifying
from sidecar.alerting.prometheus import rule_file


class Form(StrEnum):
    """Who reads it."""

    TABLE = "table"
    PROMETHEUS = "prometheus"
    GRAFANA = "grafana"
    ALERTMANAGER = "alertmanager"
    JSON = "json"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written."""

    form: Form
    #: The rule files, as they were named, and what else was asked for that shapes the text.
    rules: tuple[str, ...]
    profile: str
    out: Path | None = None
    runbook: str = RUNBOOK
    folder: str = ""
    data_source: str = ""
    #: Who is told, and how mail is sent; only Alertmanager needs to know.
    notifying: Notifying | None = None
    mail: Mail | None = None
    is_fragment: bool = False


def text_of(groups: Sequence[Group], wanted: Wanted) -> str:
    """The text in its form, which is not that of a table.

    Raises ValueError, with a sentence for who asked, for what cannot be.
    """
    header = _header(groups, wanted)
    if wanted.form is Form.PROMETHEUS:
        return rule_file(groups, header)
    if wanted.form is Form.GRAFANA:
        return provisioning_file(
            groups, folder=wanted.folder, data_source=wanted.data_source, header=header
        )
    if wanted.form is Form.ALERTMANAGER:
        return _alertmanager(groups, wanted, header)
    made = {"profile": wanted.profile, "groups": msgspec.to_builtins(groups)}
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"


def _alertmanager(groups: Sequence[Group], wanted: Wanted, header: list[str]) -> str:
    if wanted.notifying is None:
        raise ValueError("say with --page-to who is woken")
    owners = {alert.labels.get("owner", "") for alert in _alerts(groups)}
    if strange := wanted.notifying.owners.keys() - owners:
        known = ", ".join(sorted(owners)) or "nobody"
        raise ValueError(f"--owner-to {min(strange)}: the alerts are owned by {known}")
    if wanted.is_fragment:
        return fragment(wanted.notifying, header)
    return configuration(wanted.notifying, wanted.mail, header)


def _header(groups: Sequence[Group], wanted: Wanted) -> list[str]:
    """What the text says of itself: of what it was made, and how it is made again."""
    options = ["--profile", wanted.profile, "--form", wanted.form.value]
    if wanted.form is Form.GRAFANA:
        options += ["--folder", wanted.folder, "--data-source", wanted.data_source]
    if wanted.form is Form.ALERTMANAGER:
        options += ["--fragment"] * wanted.is_fragment
    elif wanted.runbook != RUNBOOK:
        options += ["--runbook", wanted.runbook]
    options += ["--out", str(wanted.out)] if wanted.out is not None else []
    # Who is told may be a secret, and is said again by whoever makes it again.
    told = " --page-to …" if wanted.form is Form.ALERTMANAGER else ""
    services = dict.fromkeys(alert.labels["service"] for alert in _alerts(groups))
    return [
        f"Alerts of {', '.join(services)}, made from rule files: changes here are lost.",
        "Change the rule files, and make it again:",
        f"  {shlex.join(['sidecar', 'alerts', *wanted.rules, *options])}{told}",
    ]


def _alerts(groups: Sequence[Group]) -> list[Alert]:
    return [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]
