"""What a Grafana has stored."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.servers.grafana.exchange import Json, refuse_unless

_UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
#: What a new Grafana has, before anybody did anything: ``conf/defaults.ini`` and
#: ``pkg/setting/setting_unified_alerting.go``.
DEFAULT_RECEIVER = "grafana-default-email"


def _default_policies() -> Json:
    return {"receiver": DEFAULT_RECEIVER, "group_by": ["grafana_folder", "alertname"]}


def _default_contact_points() -> list[Json]:
    return [
        {
            "uid": "",
            "name": DEFAULT_RECEIVER,
            "type": "email",
            "settings": {"addresses": "<example@email.com>"},
            "disableResolveMessage": False,
        }
    ]


@dataclass(slots=True)
class State:
    """Everything by uid, or by name where there is none; each as Grafana shows it."""

    version: str = "12.1.0"
    folders: dict[str, Json] = field(default_factory=dict)
    data_sources: dict[str, Json] = field(default_factory=dict)
    #: The secrets of data sources, which are never shown.
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    #: Alert rules as they are shown, without their provenance.
    rules: dict[str, Json] = field(default_factory=dict)
    #: Seconds between evaluations, by folder and group.
    intervals: dict[tuple[str, str], int] = field(default_factory=dict)
    #: With their secrets; in the order of creation.
    contact_points: list[Json] = field(default_factory=_default_contact_points)
    policies: Json = field(default_factory=_default_policies)
    mute_timings: dict[str, Json] = field(default_factory=dict)
    #: Who provisioned a thing: its kind and uid or name, to ``api`` or ``file``.
    provenance: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def release(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    def new_uid(self) -> str:
        """A uid that is not taken."""
        return f"generated-{next(self.ids)}"


def now() -> str:
    """The time as Grafana writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_uid(uid: str, what: str) -> None:
    """Refuse a uid with characters that it may not have, or with too many."""
    refuse_unless(_UID.fullmatch(uid), 400, f"invalid uid for {what}: {uid!r}")
