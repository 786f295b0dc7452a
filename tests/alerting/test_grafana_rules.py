from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from sidecar.alerting.alert import Alert, Group
from sidecar.alerting.grafana_rules import (
    file_groups,
    group_title,
    provisioning_file,
    rule_groups,
)
from sidecar.alerting.prometheus import rule_groups as prometheus_groups
from tests.alerting.examples import RECORDED, breaker, burn, group

GROUPS = [group(RECORDED, breaker(), burn())]


def api(groups: Sequence[Group] = GROUPS) -> list[dict[str, Any]]:
    return rule_groups(groups, folder="sidecar", data_source="sidecar-prometheus")


def rules(*alerts: Alert, seconds: float = 30.0) -> list[dict[str, Any]]:
    (body,) = api([group(*alerts, seconds=seconds)])
    found: list[dict[str, Any]] = body["rules"]
    return found


def labelled(alert: Alert, /, **labels: str) -> Alert:
    return msgspec.structs.replace(alert, labels={**alert.labels, **labels})


def test_a_rule_of_the_api() -> None:
    rule = rules(breaker())[0]
    assert {name: value for name, value in rule.items() if name not in {"data", "uid"}} == {
        "title": "SidecarBreakerOpen (order, inventory-breaker, breakers/inventory, page)",
        "condition": "C",
        "noDataState": "OK",
        "execErrState": "Error",
        "for": "30s",
        "keep_firing_for": "0s",
        "missingSeriesEvalsToResolve": 1,
        "isPaused": False,
        "orgID": 1,
        "folderUID": "sidecar",
        "ruleGroup": "order",
        "labels": breaker().labels,
        "annotations": breaker().annotations
        | {"summary": "inventory is left alone: {{ .Values.A.Value }} of {{ .Labels.service }}"},
    }


def test_it_asks_what_prometheus_asks_and_fires_whatever_the_value_is() -> None:
    query, series, condition = rules(breaker())[0]["data"]
    assert query["datasourceUid"] == query["model"]["datasource"]["uid"] == "sidecar-prometheus"
    assert query["model"]["expr"] == breaker().expression
    assert (query["model"]["instant"], query["model"]["range"]) == (True, False)
    assert series["model"]["type"] == "math"
    assert series["model"]["expression"] == "is_number($A) || is_nan($A) || is_inf($A)"
    assert condition["model"]["expression"] == "B"
    assert condition["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [0]}}]
    assert [one["refId"] for one in (query, series, condition)] == ["A", "B", "C"]
    assert all(one["model"]["refId"] == one["refId"] for one in (query, series, condition))


def test_names_and_labels_are_those_of_prometheus() -> None:
    (body,) = api()
    (theirs,) = prometheus_groups(GROUPS)["groups"]
    alerts = [rule for rule in theirs["rules"] if "alert" in rule]
    assert [one["title"].split(" (")[0] for one in body["rules"]] == [
        one["alert"] for one in alerts
    ]
    assert [one["labels"] for one in body["rules"]] == [one["labels"] for one in alerts]


@pytest.mark.parametrize(
    "seconds,interval,for_seconds,waits",
    [(1, 10, 2, "10s"), (10, 10, 10, "10s"), (15, 20, 30, "40s"), (60, 60, 0, "0s")],
)
def test_times_are_those_at_which_grafana_looks(
    seconds: float, interval: int, for_seconds: float, waits: str
) -> None:
    alert = msgspec.structs.replace(
        breaker(), for_seconds=for_seconds, keep_firing_seconds=for_seconds
    )
    (body,) = api([group(alert, seconds=seconds)])
    assert body["interval"] == interval
    assert [body["rules"][0][name] for name in ("for", "keep_firing_for")] == [waits, waits]


def test_an_alert_is_the_same_one_after_its_expression_has_changed() -> None:
    before, after = breaker(), msgspec.structs.replace(breaker(), expression="up == 0")
    uid = rules(before)[0]["uid"]
    assert uid == rules(burn(), after)[1]["uid"]
    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,40}", uid)


def test_titles_are_unique_in_all_groups_of_the_folder() -> None:
    one, other = labelled(breaker(), team="a"), labelled(breaker(), team="b")
    bodies = api([group(one), group(other, name="again")])
    titles = [rule["title"] for body in bodies for rule in body["rules"]]
    assert len(set(titles)) == 2
    assert all(title.startswith(rules(breaker())[0]["title"]) for title in titles)


def test_a_long_title_is_cut() -> None:
    alerts = [labelled(breaker(), alert="long " * 60, team=team) for team in ("a", "b")]
    titles = {rule["title"] for rule in rules(*alerts)}
    assert len(titles) == 2
    assert max(map(len, titles)) <= 190


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="inventory-breaker is there twice"):
        api([group(breaker()), group(breaker(), name="again")])


def test_what_is_recorded_is_asked_for_itself() -> None:
    alert = msgspec.structs.replace(burn(), expression=f"{RECORDED.record} > 0.1")
    ((rule,),) = (body["rules"] for body in api([group(RECORDED, alert)]))
    assert rule["data"][0]["model"]["expr"] == f"({RECORDED.expression}) > 0.1"


def test_what_another_group_records_is_refused() -> None:
    alert = msgspec.structs.replace(burn(), expression=f"{RECORDED.record} > 0.1")
    with pytest.raises(ValueError, match="burn needs what is recorded: sidecar:slo_bad"):
        api([group(alert), group(RECORDED, name="recorded")])


def test_a_group_of_recordings_alone_is_none() -> None:
    assert api([group(RECORDED)]) == []
    assert file_groups([group(RECORDED)], folder="sidecar", data_source="p")["groups"] == []


def test_a_group_is_part_of_a_path() -> None:
    assert group_title(group(name="order/pages")) == "order-pages"


def test_a_file_has_the_same_rules() -> None:
    alert = breaker("costs $5 {{ $value }}", __dashboardUid__="sidecar-service", __panelId__="7")
    (body,) = api([group(alert, burn())])
    text = provisioning_file(
        [group(alert, burn())], folder="Sidecar", data_source="sidecar-prometheus", header=["Hi"]
    )
    tree = YAML(typ="safe", pure=True).load(text)
    (there,) = tree["groups"]
    assert text.startswith("# Hi\napiVersion: 1\n")
    assert (there["orgId"], there["name"], there["folder"]) == (1, "order", "Sidecar")
    assert there["interval"] == "30s"
    first, second = there["rules"]
    assert (first["dashboardUid"], first["panelId"]) == ("sidecar-service", 7)
    assert "dashboardUid" not in second
    for ours, theirs in zip(there["rules"], body["rules"], strict=True):
        shared = ours.keys() & theirs.keys()
        assert {"uid", "title", "data", "labels", "annotations", "for"} <= shared
        assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
        assert ours["keepFiringFor"] == theirs["keep_firing_for"]


def test_only_queries_have_dollars_which_files_do_not_expand() -> None:
    alert = labelled(breaker("$HOME ${PATH} $$"), team="$TEAM")
    rule = rules(alert)[0]
    assert "$" not in repr({name: value for name, value in rule.items() if name != "data"})
