"""Alert rules: the stand-in for Grafana takes and refuses what Grafana does."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.alerting.grafana_rules import rule_groups
from tests.alerting.examples import breaker, burn, group
from tests.servers.grafana.durations import rewritten
from tests.servers.grafana.examples import (
    FOLDER,
    PROMETHEUS,
    QUERY,
    RULE,
    THRESHOLD,
)
from tests.servers.grafana.listening import ask
from tests.servers.grafana.server import Grafana

RULES = "/v1/provisioning/alert-rules"
GROUP = "/v1/provisioning/folder/sidecar/rule-groups/shop"
NOT_PROVISIONED = {"x_disable_provenance": "true"}


@pytest.fixture
def ready(grafana: Grafana) -> Grafana:
    """One with a folder and a data source."""
    ask(grafana, "POST", "/folders", FOLDER)
    ask(grafana, "POST", "/datasources", PROMETHEUS)
    return grafana


class TestWhatWeWrite:
    """It is taken, and nothing differs when it is read back but what Grafana adds."""

    def test_rules(self, ready: Grafana) -> None:
        [body] = rule_groups(
            [group(breaker(), burn())], folder="sidecar", data_source="sidecar-prometheus"
        )
        path = f"/v1/provisioning/folder/sidecar/rule-groups/{body['title']}"
        assert ask(ready, "PUT", path, body)[0] == 200
        status, found = ask(ready, "GET", path)
        assert (status, found["interval"]) == (200, body["interval"])
        for sent, read in zip(body["rules"], found["rules"], strict=True):
            added = {"id", "updated", "provenance", "notification_settings", "record"}
            assert {name: read[name] for name in read.keys() - added} == sent


class TestRules:
    def test_what_grafana_adds(self, ready: Grafana) -> None:
        status, made = ask(ready, "POST", RULES, RULE)
        assert (status, made["provenance"], made["for"]) == (201, "api", "1m")
        assert (made["isPaused"], made["notification_settings"]) == (False, None)
        assert made["data"][0]["model"] == QUERY["model"] | {
            "intervalMs": 1000,
            "maxDataPoints": 43200,
        }
        assert ask(ready, "GET", f"{RULES}/sidecar-gone") == (200, made)
        assert ask(ready, "GET", RULES) == (200, [made])
        assert ask(ready, "GET", GROUP)[1]["interval"] == 60
        changed = ask(ready, "PUT", f"{RULES}/sidecar-gone", RULE | {"title": "Other"})[1]
        assert (changed["id"], changed["title"]) == (made["id"], "Other")
        assert ask(ready, "DELETE", f"{RULES}/sidecar-gone") == (204, None)
        assert ask(ready, "DELETE", f"{RULES}/sidecar-gone") == (204, None)
        assert ask(ready, "GET", f"{RULES}/sidecar-gone")[0] == 404
        assert ask(ready, "PUT", f"{RULES}/sidecar-gone", RULE)[0] == 404

    @pytest.mark.parametrize(
        "change,said",
        [
            ({"folderUID": "nowhere"}, "folder does not exist"),
            ({"uid": "has a space"}, "invalid uid"),
            ({"data": []}, "no queries"),
            ({"condition": "B"}, "condition 'B' does not exist"),
            ({"data": [QUERY | {"datasourceUid": "x"}, THRESHOLD]}, "data source 'x'"),
            ({"data": [QUERY | {"relativeTimeRange": {"from": 0, "to": 0}}, THRESHOLD]}, "range"),
            ({"data": [QUERY | {"model": {}}, THRESHOLD]}, "no `expr`"),
            ({"data": [QUERY, QUERY, THRESHOLD]}, "same refId"),
            ({"data": [QUERY | {"refId": "B"}, THRESHOLD]}, "has refId A"),
            ({"data": [THRESHOLD]}, "asks for unknown 'A'"),
            ({"data": [QUERY, THRESHOLD | {"model": {"type": "sum"}}]}, "unknown type 'sum'"),
            ({"for": "a while"}, "not a valid duration"),
            ({"keep_firing_for": ""}, "not a valid duration"),
            ({"missingSeriesEvalsToResolve": 0}, "greater than 0"),
            ({"labels": {"__grafana_receiver__": "x"}}, "reserved label"),
            ({"annotations": {"__dashboardUid__": "x"}}, "must be specified"),
            (
                {"annotations": {"__dashboardUid__": "x", "__panelId__": "first"}},
                "valid integer",
            ),
            ({"notification_settings": {"receiver": "nobody"}}, "'nobody' does not exist"),
        ],
    )
    def test_refused(self, ready: Grafana, change: dict[str, Any], said: str) -> None:
        status, answer = ask(ready, "POST", RULES, RULE | change)
        if ready.violations:  # the schemas see the uid that is none before Grafana does
            assert change == {"uid": "has a space"}
            ready.forget()
        else:
            assert said in answer["message"]
        assert status == 400
        assert ready.state.rules == {}

    @pytest.mark.parametrize(
        "change",
        [
            {"uid": "x" * 41},
            {"title": ""},
            {"title": "x" * 191},
            {"execErrState": "Fine"},
            {"noDataState": "Error"},
            {"forr": "1m"},
            {"labels": {"severity": 1}},
            {"updated": "2025-01-01T00:00:00Z"},
        ],
    )
    def test_not_described(self, ready: Grafana, change: dict[str, Any]) -> None:
        assert ask(ready, "POST", RULES, RULE | change)[0] == 400
        assert ready.violations
        ready.forget()

    def test_titles_are_unique_in_a_folder_and_uids_everywhere(self, ready: Grafana) -> None:
        ask(ready, "POST", RULES, RULE)
        assert ask(ready, "POST", RULES, RULE | {"title": "Other"})[0] == 409
        status, answer = ask(ready, "POST", RULES, RULE | {"uid": "other", "ruleGroup": "b"})
        assert (status, "unique" in answer["message"]) == (400, True)
        assert ask(ready, "POST", "/folders", {"uid": "b", "title": "B"})[0] == 200
        other = RULE | {"uid": "other", "folderUID": "b"}
        assert ask(ready, "POST", RULES, other)[0] == 201

    def test_provenance_stays(self, ready: Grafana) -> None:
        path = f"{RULES}/sidecar-gone"
        ask(ready, "POST", RULES, RULE)
        assert ask(ready, "PUT", path, RULE, **NOT_PROVISIONED)[0] == 403
        assert ask(ready, "DELETE", path, **NOT_PROVISIONED)[0] == 403
        ready.state.provenance["alertRule", "sidecar-gone"] = "file"
        assert ask(ready, "PUT", path, RULE)[0] == 403
        assert ask(ready, "PUT", GROUP, {"interval": 60, "rules": []})[0] == 403
        assert ask(ready, "DELETE", path)[0] == 403
        assert ask(ready, "GET", path)[1]["provenance"] == "file"
        ready.state.provenance["alertRule", "sidecar-gone"] = ""
        mixed = RULE | {"uid": "other", "title": "Other"}
        assert ask(ready, "POST", RULES, mixed)[0] == 400
        assert ask(ready, "PUT", path, RULE)[1]["provenance"] == "api"

    def test_a_folder_with_rules_is_deleted_by_force_only(self, ready: Grafana) -> None:
        ask(ready, "POST", RULES, RULE)
        assert ask(ready, "DELETE", "/folders/sidecar")[0] == 400
        assert ask(ready, "DELETE", "/folders/sidecar?forceDeleteRules=true")[0] == 200
        assert ask(ready, "GET", RULES) == (200, [])


class TestGroups:
    def test_replaced_as_a_whole_and_in_order(self, ready: Grafana) -> None:
        rules = [RULE | {"uid": uid, "title": uid} for uid in ("b", "a")]
        assert ask(ready, "GET", GROUP)[0] == 404
        assert ask(ready, "PUT", GROUP, {"interval": 30, "rules": rules})[0] == 200
        found = ask(ready, "GET", GROUP)[1]
        assert [rule["uid"] for rule in found["rules"]] == ["b", "a"]
        assert ask(ready, "PUT", GROUP, {"interval": 20})[0] == 200
        found = ask(ready, "GET", GROUP)[1]
        assert (found["interval"], len(found["rules"])) == (20, 2)
        assert ask(ready, "PUT", GROUP, {"interval": 20, "rules": rules[1:]})[0] == 200
        assert list(ready.state.rules) == ["a"]
        assert ask(ready, "DELETE", GROUP) == (204, None)
        assert ask(ready, "DELETE", GROUP)[0] == 404

    def test_a_rule_of_another_group_moves_here(self, ready: Grafana) -> None:
        ask(ready, "POST", RULES, RULE)
        other = GROUP.replace("shop", "a%20b")
        assert ask(ready, "PUT", other, {"interval": 10, "rules": [RULE]})[0] == 200
        assert ask(ready, "GET", GROUP)[0] == 404
        assert ask(ready, "GET", other)[1]["rules"][0]["ruleGroup"] == "a b"

    @pytest.mark.parametrize("seconds", [0, 5, 15, -10])
    def test_of_an_interval_that_is_no_multiple_of_ten(self, ready: Grafana, seconds: int) -> None:
        assert ask(ready, "PUT", GROUP, {"interval": seconds, "rules": [RULE]})[0] == 400

    def test_of_a_name_that_is_too_long(self, ready: Grafana) -> None:
        body = {"interval": 10, "rules": [RULE]}
        assert ask(ready, "PUT", GROUP.replace("shop", "x" * 190), body)[0] == 200
        status, answer = ask(ready, "PUT", GROUP.replace("shop", "x" * 191), body)
        assert (status, "too long" in answer["message"]) == (400, True)

    def test_refused_as_a_whole(self, ready: Grafana) -> None:
        same = [RULE, RULE | {"uid": "other"}]
        bad = [RULE, RULE | {"uid": "other", "title": "Other", "condition": "X"}]
        for rules in (same, bad, [RULE, RULE]):
            assert ask(ready, "PUT", GROUP, {"interval": 10, "rules": rules})[0] == 400
            assert ready.state.rules == {}
        elsewhere = GROUP.replace("sidecar", "nowhere")
        assert ask(ready, "PUT", elsewhere, {"interval": 10, "rules": [RULE]})[0] == 400


@pytest.mark.parametrize(
    "read,written",
    [
        ("60s", "1m"),
        ("90m", "1h30m"),
        ("24h", "1d"),
        ("7d", "1w"),
        ("8d", "8d"),
        ("365d", "1y"),
        ("0s", "0s"),
        ("0", "0s"),
        ("1500ms", "1s500ms"),
    ],
)
def test_durations(read: str, written: str) -> None:
    assert rewritten(read, "it") == written
    assert rewritten(written, "it") == written
