"""The stand-in for Grafana takes what Grafana takes, and refuses what Grafana refuses."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.grafana.corrections import OF_ALERTING, OF_API, OF_DASHBOARDS, corrected
from tests.servers.grafana.description import VARIABLE, descriptions_folder
from tests.servers.grafana.examples import BOARD, FOLDER, PROMETHEUS
from tests.servers.grafana.failures import Hang, ProxyPage, Reset, Status
from tests.servers.grafana.listening import ask
from tests.servers.grafana.server import Grafana


@pytest.fixture
def strict(grafana: Grafana) -> Iterator[Grafana]:
    """One whose violations are what the test is about."""
    yield grafana
    grafana.forget()


def _save(grafana: Grafana, board: dict[str, Any] = BOARD, **more: Any) -> tuple[int, Any]:
    return ask(grafana, "POST", "/dashboards/db", {"dashboard": board, **more})


class TestSigningIn:
    def test_health_asks_for_nothing_and_the_rest_for_a_token_or_a_password(
        self, grafana: Grafana
    ) -> None:
        assert ask(grafana, "GET", "/health", authorization="")[0] == 200
        for wrong in ("", "Bearer other", "Basic eDp5"):
            assert ask(grafana, "GET", "/org", authorization=wrong)[0] == 401
        assert ask(grafana, "GET", "/org")[1]["name"] == "Main Org."
        basic = "Basic YWRtaW46dGhlIHBhc3N3b3Jk"
        assert ask(grafana, "GET", "/user", authorization=basic)[0] == 200
        assert ask(grafana, "GET", "/frontend/settings")[1]["buildInfo"]["version"]

    def test_a_viewer_changes_nothing(self, grafana: Grafana) -> None:
        viewer = f"Bearer {grafana.viewer_token}"
        assert ask(grafana, "GET", "/folders", authorization=viewer) == (200, [])
        assert ask(grafana, "POST", "/folders", FOLDER, authorization=viewer)[0] == 403
        assert (grafana.writes, grafana.state.folders) == ([], {})


class TestDescription:
    @pytest.mark.parametrize(
        "method,path,body,fault",
        [
            ("GET", "/folder", None, "not in the description"),
            ("PATCH", "/folders/x", None, "not in the description"),
            ("GET", "/folders?perent=x", None, "query parameter 'perent' is not described"),
            ("GET", "/folders?limit=all", None, "'all' is no integer"),
            ("GET", "/search?type=a&type=b", None, "is given 2 times"),
            ("GET", "/folders", {}, "no body is described"),
            ("POST", "/folders", None, "a body is missing"),
            ("POST", "/folders", {"titel": "x"}, "'titel' was unexpected"),
            ("POST", "/folders", {"title": 7}, "7 is not of type 'string'"),
            ("POST", "/folders", {"title": None}, "None is not of type 'string'"),
            ("POST", "/datasources", PROMETHEUS | {"version": 1}, "'version' was unexpected"),
            ("POST", "/dashboards/db", {"dashboard": {"title": "x"}}, "'schemaVersion' is a"),
            ("GET", "/teams/search", None, "not done by this stand-in"),
        ],
    )
    def test_what_is_not_described_is_refused_and_noted(
        self, strict: Grafana, method: str, path: str, body: Any, fault: str
    ) -> None:
        assert ask(strict, method, path, body)[0] in {400, 404, 501}
        assert any(fault in violation for violation in strict.violations), strict.violations

    def test_of_another_content_type(self, strict: Grafana) -> None:
        assert ask(strict, "POST", "/folders", FOLDER, content_type="text/plain")[0] == 400
        assert "instead of application/json" in strict.violations[0]

    def test_a_data_source_that_is_no_reference(self, strict: Grafana) -> None:
        panel = {"type": "stat", "targets": [{"datasource": {"name": "x"}}]}
        assert _save(strict, BOARD | {"panels": [panel]})[0] == 400
        assert "'name' was unexpected" in strict.violations[0]

    @pytest.mark.parametrize(
        "name,corrections",
        [
            ("grafana-http-api.swagger.json", OF_API),
            ("alerting.jsonschema.json", OF_ALERTING),
            ("dashboard.jsonschema.json", OF_DASHBOARDS),
        ],
    )
    def test_each_correction_corrects_something(self, name: str, corrections: Any) -> None:
        document = json.loads((descriptions_folder() / name).read_text(encoding="utf-8"))
        for correction in corrections:
            assert corrected(document, (correction,)) != document, correction

    def test_without_descriptions_a_test_is_skipped_with_the_reason(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(VARIABLE, str(tmp_path))
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match=VARIABLE):
            descriptions_folder()


class TestFolders:
    def test_made_changed_and_deleted(self, grafana: Grafana) -> None:
        made = ask(grafana, "POST", "/folders", FOLDER)[1]
        assert (made["uid"], made["version"]) == ("sidecar", 1)
        assert ask(grafana, "GET", "/folders/sidecar") == (200, made)
        assert [one["title"] for one in ask(grafana, "GET", "/folders")[1]] == ["Sidecar"]
        change = {"title": "Sidecars", "version": 1}
        assert ask(grafana, "PUT", "/folders/sidecar", change)[1]["version"] == 2
        assert ask(grafana, "PUT", "/folders/sidecar", change)[0] == 412
        assert ask(grafana, "PUT", "/folders/sidecar", change | {"overwrite": True})[0] == 200
        _save(grafana, folderUid="sidecar")
        assert ask(grafana, "DELETE", "/folders/sidecar")[0] == 200
        assert grafana.state.dashboards == {}
        assert ask(grafana, "GET", "/folders/sidecar")[0] == 404

    @pytest.mark.parametrize(
        "body,status",
        [
            ({"title": " "}, 400),
            ({"title": "x", "uid": "has a space"}, 400),
            ({"title": "x", "uid": "x" * 41}, 400),
            ({"title": "x", "parentUid": "nowhere"}, 404),
            ({"title": "Other", "uid": "sidecar"}, 409),
            ({"title": "SIDECAR", "uid": "other"}, 409),
        ],
    )
    def test_refused(self, grafana: Grafana, body: dict[str, str], status: int) -> None:
        ask(grafana, "POST", "/folders", FOLDER)
        assert ask(grafana, "POST", "/folders", body)[0] == status
        assert list(grafana.state.folders) == ["sidecar"]


class TestDataSources:
    def test_secrets_are_kept_and_never_shown(self, grafana: Grafana) -> None:
        secret = {"secureJsonData": {"httpHeaderValue1": "Bearer x"}}
        made = ask(grafana, "POST", "/datasources", PROMETHEUS | secret)[1]["datasource"]
        assert made["secureJsonFields"] == {"httpHeaderValue1": True}
        assert made["version"] == 1
        change = PROMETHEUS | {"url": "http://127.0.0.1:9091", "version": 1}
        path = "/datasources/uid/sidecar-prometheus"
        changed = ask(grafana, "PUT", path, change)[1]["datasource"]
        assert changed == made | {"url": "http://127.0.0.1:9091", "version": 2}
        assert ask(grafana, "GET", path) == (200, changed)
        [listed] = ask(grafana, "GET", "/datasources")[1]
        assert "secureJsonFields" not in listed
        assert ask(grafana, "GET", "/datasources/name/Prometheus%20of%20sidecars")[1] == changed
        assert "Bearer x" not in json.dumps(ask(grafana, "GET", path))
        assert ask(grafana, "DELETE", path)[0] == 200
        assert ask(grafana, "GET", path)[0] == 404

    @pytest.mark.parametrize(
        "change,status",
        [
            ({"name": "Other"}, 409),
            ({"uid": "other"}, 409),
            ({"name": "Other", "uid": "no good"}, 400),
            ({"name": "", "uid": "other"}, 400),
            ({"name": "Other", "uid": "other", "type": "promethius"}, 400),
            ({"name": "Other", "uid": "other", "url": "no URL"}, 400),
            ({"name": "Other", "uid": "other", "access": "side"}, 400),
        ],
    )
    def test_refused(self, grafana: Grafana, change: dict[str, str], status: int) -> None:
        ask(grafana, "POST", "/datasources", PROMETHEUS)
        assert ask(grafana, "POST", "/datasources", PROMETHEUS | change)[0] == status
        assert list(grafana.state.data_sources) == ["sidecar-prometheus"]

    def test_changes_refused(self, grafana: Grafana) -> None:
        path = "/datasources/uid/sidecar-prometheus"
        assert ask(grafana, "PUT", path, PROMETHEUS)[0] == 404
        ask(grafana, "POST", "/datasources", PROMETHEUS)
        ask(grafana, "POST", "/datasources", PROMETHEUS | {"name": "Other", "uid": "other"})
        assert ask(grafana, "PUT", path, PROMETHEUS | {"name": "Other"})[0] == 409
        assert ask(grafana, "PUT", path, PROMETHEUS | {"version": 1})[0] == 200
        assert ask(grafana, "PUT", path, PROMETHEUS | {"version": 1})[0] == 409
        grafana.state.data_sources["sidecar-prometheus"]["readOnly"] = True
        assert ask(grafana, "PUT", path, PROMETHEUS)[0] == 403
        assert ask(grafana, "DELETE", path)[0] == 403

    def test_one_is_the_default(self, grafana: Grafana) -> None:
        ask(grafana, "POST", "/datasources", PROMETHEUS | {"isDefault": True})
        other = {"name": "Other", "uid": "other", "isDefault": True}
        ask(grafana, "POST", "/datasources", PROMETHEUS | other)
        found = ask(grafana, "GET", "/datasources")[1]
        assert [one["uid"] for one in found if one["isDefault"]] == ["other"]


class TestDashboards:
    def test_saved_shown_and_found(self, grafana: Grafana) -> None:
        ask(grafana, "POST", "/folders", FOLDER)
        saved = _save(grafana, folderUid="sidecar")[1]
        assert (saved["version"], saved["url"]) == (1, "/d/sidecar-fleet/fleet")
        shown = ask(grafana, "GET", "/dashboards/uid/sidecar-fleet")[1]
        assert shown["dashboard"] == BOARD | {"id": saved["id"], "version": 1}
        assert shown["meta"]["folderTitle"] == "Sidecar"
        for query, found in (
            ("tag=managed-by-sidecar&type=dash-db", ["sidecar-fleet"]),
            ("tag=managed-by-sidecar&tag=other", []),
            ("folderUIDs=sidecar", ["sidecar-fleet"]),
            ("folderUIDs=other", []),
            ("type=dash-folder", ["sidecar"]),
            ("query=flee", ["sidecar-fleet"]),
            ("limit=1&page=2", ["sidecar-fleet"]),
        ):
            hits = ask(grafana, "GET", f"/search?{query}")[1]
            assert [hit["uid"] for hit in hits] == found, query
        assert ask(grafana, "GET", "/dashboards/tags")[1][0]["count"] == 1
        assert ask(grafana, "DELETE", "/dashboards/uid/sidecar-fleet")[0] == 200
        assert ask(grafana, "GET", "/dashboards/uid/sidecar-fleet")[0] == 404

    def test_a_change_needs_the_version_or_overwrites(self, grafana: Grafana) -> None:
        number = _save(grafana)[1]["id"]
        status, answer = _save(grafana)
        assert (status, answer["status"]) == (412, "version-mismatch")
        assert _save(grafana, BOARD | {"version": 1})[1]["version"] == 2
        assert _save(grafana, BOARD | {"id": number}, overwrite=True)[1]["version"] == 3
        assert _save(grafana, BOARD | {"id": 4711}, overwrite=True)[0] == 404

    def test_of_two_with_the_same_title_in_a_folder(self, grafana: Grafana) -> None:
        _save(grafana)
        status, answer = _save(grafana, BOARD | {"uid": "other"})
        assert (status, answer["status"]) == (412, "name-exists")
        # As Grafana 11 does: the one that is there is taken over.
        assert _save(grafana, BOARD | {"uid": "other"}, overwrite=True)[1]["uid"] == BOARD["uid"]

    @pytest.mark.parametrize(
        "change,more,status",
        [
            ({"title": ""}, {}, 400),
            ({"uid": "x" * 41}, {}, 400),
            ({"refresh": "1s"}, {}, 400),
            ({}, {"isFolder": True}, 400),
            ({}, {"folderUid": "nowhere"}, 404),
        ],
    )
    def test_refused(
        self, grafana: Grafana, change: dict[str, Any], more: dict[str, Any], status: int
    ) -> None:
        assert _save(grafana, BOARD | change, **more)[0] == status
        assert grafana.state.dashboards == {}

    def test_what_came_from_files_stays(self, grafana: Grafana) -> None:
        _save(grafana)
        grafana.state.dashboards["sidecar-fleet"]["meta"]["provisioned"] = True
        assert _save(grafana, overwrite=True)[0] == 400
        assert ask(grafana, "DELETE", "/dashboards/uid/sidecar-fleet")[0] == 400


class TestFailing:
    def test_the_nth_request_fails_as_told(self, grafana: Grafana) -> None:
        grafana.fail(Status(status=503, message="locked"), nth=2)
        assert [ask(grafana, "GET", "/org")[0] for _ in range(3)] == [200, 503, 200]
        grafana.fail(Status(), writes=True, times=2)
        assert ask(grafana, "GET", "/org")[0] == 200
        statuses = [ask(grafana, "POST", "/folders", FOLDER)[0] for _ in range(3)]
        assert statuses == [500, 500, 200]
        assert grafana.writes == ["POST /folders"]
        assert [one.status for one in grafana.requests if one.method == "POST"] == [None, None, 200]

    def test_an_answer_is_lost_after_what_was_asked_was_done(self, grafana: Grafana) -> None:
        grafana.fail(Reset(applied=True))
        with pytest.raises(ConnectionResetError):
            ask(grafana, "POST", "/folders", FOLDER)
        assert list(grafana.state.folders) == ["sidecar"]
        grafana.fail(Reset())
        with pytest.raises(ConnectionResetError):
            ask(grafana, "DELETE", "/folders/sidecar")
        assert ask(grafana, "GET", "/folders/sidecar")[0] == 200

    def test_a_page_of_a_proxy(self, grafana: Grafana) -> None:
        grafana.fail(ProxyPage())
        connection = http.client.HTTPConnection(grafana.url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/api/org")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
        assert b"<html>" in answer.read()
        connection.close()

    def test_it_hangs_until_it_is_let_go(self, grafana: Grafana) -> None:
        grafana.fail(Hang())
        connection = http.client.HTTPConnection(grafana.url.removeprefix("http://"), timeout=0.2)
        connection.request("GET", "/api/org")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        grafana.let_go.set()
        assert ask(grafana, "GET", "/org")[0] == 200
