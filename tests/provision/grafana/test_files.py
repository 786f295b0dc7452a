"""What Grafana reads when it starts, read as it reads it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from sidecar.alerting.grafana_rules import file_groups
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.provision.grafana.boards import boards
from sidecar.provision.grafana.files import doubled, file_texts, optional
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import sources
from sidecar.provision.grafana.wanted import FOLDER_TITLE, PROMETHEUS
from tests.provision.grafana.planned import PLACES, PLAN


def _read(path: str, plan: Plan = PLAN) -> Any:
    return YAML(typ="safe").load(file_texts(plan)[path])


def _expanded(node: Any) -> Any:
    """As Grafana replaces variables, of which it has none."""
    if isinstance(node, dict):
        return {name: _expanded(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_expanded(one) for one in node]
    if not isinstance(node, str):
        return node
    return "$".join(re.sub(r"\$\{?\w*\}?", "", part) for part in node.split("$$"))


def test_which_files_there_are() -> None:
    assert {path for path in file_texts(PLAN) if not path.endswith(".json")} == {
        "datasources/sidecar.yaml",
        "dashboards/sidecar.yaml",
        "alerting/sidecar-rules.yaml",
        "alerting/sidecar-contact-points.yaml",
        "alerting/sidecar-mute-timings.yaml",
        "alerting/sidecar-policies.yaml",
    }
    assert {path.partition("/")[0] for path in file_texts(Plan())} == {"dashboards"}
    assert optional(PLAN)[0] == "alerting/sidecar-rules.yaml"
    assert "alerting/sidecar-rules.yaml" not in optional(Plan())


def test_data_sources_are_those_of_the_api_once_dollars_are_replaced() -> None:
    listed = _read("datasources/sidecar.yaml")["datasources"]

    for wanted, written in zip(sources(PLACES), listed, strict=True):
        read = _expanded({k: v for k, v in written.items() if k != "secureJsonData"})
        assert read == {**wanted.body, "orgId": 1, "editable": False}
    assert "$${__span.traceId}" in file_texts(PLAN)["datasources/sidecar.yaml"]


def test_secrets_are_as_they_were_named() -> None:
    listed = {one["uid"]: one for one in _read("datasources/sidecar.yaml")["datasources"]}

    assert listed[PROMETHEUS]["secureJsonData"] == {"basicAuthPassword": "canary-of-prometheus"}


def test_dashboards_are_found_where_the_provider_says() -> None:
    texts = file_texts(PLAN, "/srv/provisioning/")
    [provider] = YAML(typ="safe").load(texts["dashboards/sidecar.yaml"])["providers"]

    assert provider["options"]["path"] == "/srv/provisioning/dashboards/sidecar"
    assert provider["folder"] == FOLDER_TITLE
    for board in boards({}):
        written = json.loads(texts[f"dashboards/sidecar/{board.key}.json"])
        assert written["uid"] == board.key
        assert written["panels"] == board.body["dashboard"]["panels"]


def test_alert_rules_are_as_they_are_written_for_files() -> None:
    groups = file_groups(PLAN.alerts or (), folder=FOLDER_TITLE, data_source=PROMETHEUS)

    assert _read("alerting/sidecar-rules.yaml") == groups
    for group in groups["groups"]:
        for rule in group["rules"]:
            # Queries are taken as they stand; of the rest every dollar would be replaced.
            rest = {name: value for name, value in rule.items() if name != "data"}
            assert "$" not in json.dumps(rest)


def test_who_is_told() -> None:
    points = _read("alerting/sidecar-contact-points.yaml")["contactPoints"]
    [policies] = _read("alerting/sidecar-policies.yaml")["policies"]
    [timing] = _read("alerting/sidecar-mute-timings.yaml")["muteTimes"]

    names = {point["name"] for point in points}
    assert names == {"sidecar-page", "sidecar-ticket", "sidecar-owner-trade-team"}
    assert {one["uid"] for point in points for one in point["receivers"]} == names
    assert policies["receiver"] == "grafana-default-email"
    [ours] = policies["routes"]
    assert {route["receiver"] for route in ours["routes"]} == names
    assert timing["name"] == "sidecar-outside-office-hours"
    assert "the whole tree" in file_texts(PLAN)["alerting/sidecar-policies.yaml"]


def test_a_dollar_in_an_address_is_written_so_that_no_grafana_replaces_it() -> None:
    notifying = Notifying(page=Channel(url="https://h/?a=$B"))
    plan = msgspec.structs.replace(PLAN, notifying=notifying)

    point = _read("alerting/sidecar-contact-points.yaml", plan)["contactPoints"][0]

    assert point["receivers"][0]["settings"]["url"] == "https://h/?a=%24B"


@pytest.mark.parametrize("text", ["$x", "$$", "a ${b} $__c{d}", "none", "$"])
def test_doubled_dollars_are_read_as_they_were_meant(text: str) -> None:
    assert _expanded(doubled({"a": [text, 1, None]})) == {"a": [text, 1, None]}
