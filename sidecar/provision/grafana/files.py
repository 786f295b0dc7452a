"""The same as files of Grafana's own provisioning, which it reads when it starts.

Grafana replaces ``$NAME`` in most values of these files by what stands in its environment, and
``$$`` by ``$``: so every ``$`` that is meant is doubled, but not where Grafana takes values as they
are (queries of alert rules, mute timings, and dashboards). Secrets of data sources are named, never
written: Grafana looks for them in its own environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sidecar.alerting.grafana_notifying import contact_points, mute_timings, policy
from sidecar.alerting.grafana_rules import file_groups
from sidecar.alerting.yaml_text import yaml_text
from sidecar.provision.grafana.boards import boards
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import NAMES, sources
from sidecar.provision.grafana.wanted import FOLDER, FOLDER_TITLE, PROMETHEUS, Wanted

#: Where Grafana looks for them when nobody has told it otherwise.
PROVISIONING: Final = "/etc/grafana/provisioning"
#: Everything below it is ours.
BOARDS: Final = f"dashboards/{FOLDER}"
_RULES: Final = f"alerting/{FOLDER}-rules.yaml"
_TOLD: Final = tuple(
    f"alerting/{FOLDER}-{what}.yaml" for what in ("contact-points", "mute-timings", "policies")
)
_HEADER: Final = (
    "Written by `sidecar provision grafana --files`: changes here are lost.",
    "Change the rule files or the options, and write it again.",
)
_WHOLE_TREE: Final = (
    *_HEADER,
    "Grafana takes this for the whole tree of notification policies: where others have routes,",
    "leave this file out, and add the route below to theirs.",
)
_ORGANISATION: Final = 1
#: Of which Grafana 12 reads the address, and older ones the text as it stands.
_DOLLAR_IN_URLS: Final = "%24"


def file_texts(plan: Plan, provisioning: str = PROVISIONING) -> dict[str, str]:
    """The files by path; ``provisioning`` is where Grafana will find the folder of them."""
    texts = dict(_dashboards(provisioning, sources(plan.places)))
    wanted = sources(plan.places)
    if wanted:
        listed = [_source(one) for one in wanted]
        tree = {"apiVersion": 1, "datasources": listed}
        texts[f"datasources/{FOLDER}.yaml"] = yaml_text(tree, _HEADER)
    if plan.alerts is not None:
        groups = file_groups(plan.alerts, folder=FOLDER_TITLE, data_source=PROMETHEUS)
        texts[_RULES] = yaml_text(groups, _HEADER)
    return texts | dict(_notified(plan))


def optional(plan: Plan) -> tuple[str, ...]:
    """The files that are there only when there is something to write into them."""
    if not plan.has_alerting:
        return ()
    return _TOLD if plan.alerts is None else (_RULES, *_TOLD)


def _dashboards(provisioning: str, wanted: list[Wanted]) -> Iterator[tuple[str, str]]:
    provider = {
        "name": FOLDER,
        "orgId": _ORGANISATION,
        # Not by its uid: alert rules are read first, and name the folder by its title.
        "folder": FOLDER_TITLE,
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": f"{provisioning.rstrip('/')}/{BOARDS}"},
    }
    tree = {"apiVersion": 1, "providers": [doubled(provider)]}
    yield f"dashboards/{FOLDER}.yaml", yaml_text(tree, _HEADER)
    for board in boards({one.key: NAMES[one.key] for one in wanted}):
        text = json.dumps(board.body["dashboard"], indent=2, ensure_ascii=False)
        yield f"{BOARDS}/{board.key}.json", f"{text}\n"


def _source(wanted: Wanted) -> dict[str, Any]:
    secrets = {name: secret.reveal() for name, secret in wanted.secrets.items()}
    return {
        "orgId": _ORGANISATION,
        **doubled(wanted.body),
        "editable": False,
        # Names of variables, in which a dollar is meant as one.
        **({"secureJsonData": secrets} if secrets else {}),
    }


def _notified(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.notifying is None:
        return
    points, timings, policies = _TOLD
    listed = [_contact_point(body) for body in contact_points(plan.notifying)]
    yield points, yaml_text({"apiVersion": 1, "contactPoints": listed}, _HEADER)
    muted = [{"orgId": _ORGANISATION, **body} for body in mute_timings(plan.notifying)]
    if muted:
        yield timings, yaml_text({"apiVersion": 1, "muteTimes": muted}, _HEADER)
    tree = {
        "orgId": _ORGANISATION,
        "receiver": "grafana-default-email",
        "group_by": ["grafana_folder", "alertname"],
        "routes": [doubled(policy(plan.notifying))],
    }
    yield policies, yaml_text({"apiVersion": 1, "policies": [tree]}, _WHOLE_TREE)


def _contact_point(body: Mapping[str, Any]) -> dict[str, Any]:
    settings = {
        name: value.replace("$", _DOLLAR_IN_URLS) if name == "url" else value
        for name, value in body["settings"].items()
    }
    receiver = {
        "uid": body["uid"],
        "type": body["type"],
        "disableResolveMessage": body["disableResolveMessage"],
        "settings": settings,
    }
    return {"orgId": _ORGANISATION, "name": body["name"], "receivers": [receiver]}


def doubled(node: Any) -> Any:
    """The same, that Grafana's replacing of ``$NAME`` leaves as it is meant."""
    if isinstance(node, Mapping):
        return {name: doubled(value) for name, value in node.items()}
    if isinstance(node, list):
        return [doubled(one) for one in node]
    return node.replace("$", "$$") if isinstance(node, str) else node
