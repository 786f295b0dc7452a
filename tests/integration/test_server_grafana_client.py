"""The official client speaks with the stand-in for Grafana, however Grafana is reached."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaServerError

from tests.dashboards.generated import BOARDS, board
from tests.integration.certificates import Authority
from tests.servers.grafana.examples import (
    BOARD,
    FOLDER,
    HOOK,
    NIGHT,
    PROMETHEUS,
    ROOT,
    RULE,
)
from tests.servers.grafana.failures import Redirect, Status
from tests.servers.grafana.listening import ask, run_grafana
from tests.servers.grafana.server import Grafana
from tests.servers.grafana.state import State


@contextlib.contextmanager
def _client(grafana: Grafana, url: str = "") -> Iterator[Any]:
    api = GrafanaApi.from_url(url or grafana.url, credential=grafana.token)
    try:
        yield api
    finally:
        api.client.s.close()


@pytest.fixture
def api(grafana: Grafana) -> Iterator[Any]:
    with _client(grafana) as it:
        yield it


def test_every_call_that_provisioning_needs_is_described(grafana: Grafana, api: Any) -> None:
    assert api.health.check()["version"] == grafana.state.version
    api.folder.create_folder(FOLDER["title"], uid=FOLDER["uid"])
    api.folder.update_folder("sidecar", title="Sidecars", version=1)
    assert api.folder.get_folder("sidecar")["title"] == "Sidecars"
    assert len(api.folder.get_all_folders()) == 1
    api.datasource.create_datasource(PROMETHEUS)
    api.datasource.update_datasource_by_uid(PROMETHEUS["uid"], PROMETHEUS)
    assert api.datasource.get_datasource_by_uid(PROMETHEUS["uid"])["type"] == "prometheus"
    assert len(api.datasource.list_datasources()) == 1
    api.dashboard.update_dashboard({"dashboard": BOARD, "folderUid": "sidecar"})
    assert api.dashboard.get_dashboard(BOARD["uid"])["meta"]["folderUid"] == "sidecar"
    assert len(api.search.search_dashboards(tag="managed-by-sidecar", folder_uids=["sidecar"])) == 1
    api.dashboard.delete_dashboard(BOARD["uid"])
    assert grafana.violations == []


def test_every_call_for_alerting_is_described(grafana: Grafana, api: Any) -> None:
    ask(grafana, "POST", "/folders", FOLDER)
    ask(grafana, "POST", "/datasources", PROMETHEUS)
    alerting = api.alertingprovisioning
    alerting.create_alertrule(RULE, disable_provenance=True)
    alerting.update_alertrule(RULE["uid"], RULE)
    alerting.update_rule_group("sidecar", "two words", {"interval": 10, "rules": [RULE]})
    assert len(alerting.get_rule_group("sidecar", "two words")["rules"]) == 1
    assert len(alerting.get_alertrules_all()) == 1
    assert alerting.get_alertrule(RULE["uid"])["ruleGroup"] == "two words"
    assert alerting.delete_alertrule(RULE["uid"]) is None
    alerting.create_contactpoint(HOOK)
    alerting.update_contactpoint(HOOK["uid"], HOOK)
    assert len(alerting.get_contactpoints(name=HOOK["name"])) == 1
    alerting.create_mute_timing(NIGHT)
    alerting.update_mute_timing(NIGHT["name"], NIGHT)
    assert len(alerting.get_mute_timings()) == 1
    alerting.set_notification_policy_tree(ROOT)
    assert alerting.get_notification_policy_tree()["receiver"] == ROOT["receiver"]
    alerting.delete_notification_policy_tree()
    alerting.delete_contactpoint(HOOK["uid"])
    assert alerting.delete_mute_timing(NIGHT["name"]) is None
    assert grafana.violations == []


@pytest.mark.parametrize("name", BOARDS)
def test_our_dashboards_are_taken(grafana: Grafana, name: str) -> None:
    assert ask(grafana, "POST", "/dashboards/db", {"dashboard": board(name)})[0] == 200


def test_under_a_path() -> None:
    with run_grafana("/ops/grafana") as below:
        # The client puts `api` right behind what it is given.
        with _client(below, f"{below.url}/") as right:
            assert right.folder.get_all_folders() == []
        # Above it there is a page.
        above = below.url.removesuffix("/ops/grafana")
        with _client(below, above) as wrong, pytest.raises(GrafanaClientError, match="404"):
            wrong.folder.get_all_folders()
        assert below.violations == []


def test_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with run_grafana(certificate=authority.issue("grafana")) as secured, _client(secured) as api:
        api.client.verify = str(authority.ca)
        assert api.folder.get_all_folders() == []


def test_what_fails_is_an_error_of_the_client(grafana: Grafana, api: Any) -> None:
    grafana.fail(Status(status=503))
    with pytest.raises(GrafanaServerError):
        api.folder.get_all_folders()
    grafana.fail(Redirect(location=f"{grafana.url}/login"))
    with pytest.raises(GrafanaClientError, match="404"):
        api.folder.get_all_folders()


def test_somebody_else_comes_in_between(grafana: Grafana) -> None:
    ask(grafana, "POST", "/dashboards/db", {"dashboard": BOARD})

    def saved_by_another(state: State) -> None:
        state.dashboards[BOARD["uid"]]["dashboard"]["version"] += 1

    grafana.meanwhile(saved_by_another, nth_write=2)
    change = {"dashboard": BOARD | {"version": 1}}
    assert ask(grafana, "POST", "/folders", FOLDER)[0] == 200
    assert ask(grafana, "POST", "/dashboards/db", change)[0] == 412


def test_one_that_is_older_forgets_what_it_does_not_know(grafana: Grafana) -> None:
    grafana.state.version = "11.6.0"
    ask(grafana, "POST", "/folders", FOLDER)
    ask(grafana, "POST", "/datasources", PROMETHEUS)
    newer = {"keep_firing_for": "1m", "missingSeriesEvalsToResolve": 1}
    status, made = ask(grafana, "POST", "/v1/provisioning/alert-rules", RULE | newer)
    assert (status, newer.keys() & made.keys()) == (201, set())
