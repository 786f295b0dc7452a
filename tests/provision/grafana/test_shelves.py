from __future__ import annotations

from typing import Any

import pytest

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.boards import TAG
from sidecar.provision.grafana.shelves import Boards, Folders, Sources
from sidecar.provision.grafana.sources import MARK
from sidecar.provision.grafana.wanted import FOLDER, FROM_A_FILE, Found, Wanted
from sidecar.provision.step import Refused
from tests.provision.grafana.pretended import PretendedGrafana
from tests.provision.grafana.scripted import Answer

_FOLDER = Wanted(FOLDER, {"title": "Sidecar"}, "folder sidecar")
_SOURCE = Wanted(
    "sidecar-x",
    {"uid": "sidecar-x", "name": "X", "type": "prometheus", "access": "proxy", "url": "http://p",
     "basicAuth": True, "basicAuthUser": "u", "jsonData": {**MARK, "httpMethod": "POST"}},
    "data source sidecar-x",
    secrets={"basicAuthPassword": SecretText("canary")},
)  # fmt: skip


def _board(**more: Any) -> Wanted:
    dashboard = {"uid": "sidecar-b", "title": "B", "tags": [TAG], "schemaVersion": 42, **more}
    return Wanted("sidecar-b", {"dashboard": dashboard, "folderUid": FOLDER}, "dashboard b")


@pytest.fixture
def pretended() -> PretendedGrafana:
    it = PretendedGrafana()
    Folders(it.server()).create(_FOLDER)
    return it


def _found(found: Found | None) -> Found:
    assert found is not None
    return found


def test_a_folder_is_what_its_uid_says(pretended: PretendedGrafana) -> None:
    folders = Folders(pretended.server())
    named = Wanted(FOLDER, {"title": "Other"}, "folder sidecar")

    assert _found(folders.find(_FOLDER)).body == {"title": "Sidecar"}
    folders.change(named, _found(folders.find(named)))
    assert pretended.state.folders[FOLDER]["title"] == "Other"
    assert folders.ours() == {FOLDER: "folder sidecar"}
    folders.delete(FOLDER)
    folders.delete(FOLDER)
    assert folders.find(_FOLDER) is None
    assert folders.ours() == {}


def test_a_folder_stays_where_grafana_does_not_tell_what_is_in_it(
    pretended: PretendedGrafana,
) -> None:
    pretended.refuses = {("GET", f"/folders/{FOLDER}/counts"): Answer(404, {"message": "no"})}

    with pytest.raises(Refused, match="what is in it"):
        Folders(pretended.server()).delete(FOLDER)
    assert FOLDER in pretended.state.folders


def test_a_data_source_has_a_mark_and_secrets_that_are_not_shown(
    pretended: PretendedGrafana,
) -> None:
    sources = Sources(pretended.server())
    assert sources.find(_SOURCE) is None
    sources.create(_SOURCE)

    found = _found(sources.find(_SOURCE))
    assert found.body == _SOURCE.body
    assert (found.ours, found.locked) == (True, "")
    assert found.secrets == {"basicAuthPassword"}
    assert pretended.state.secrets["sidecar-x"] == {"basicAuthPassword": "canary"}
    assert sources.names() == {"sidecar-x": "X"}
    assert sources.ours() == {"sidecar-x": "data source sidecar-x"}


def test_what_others_have_set_in_it_stays(pretended: PretendedGrafana) -> None:
    sources = Sources(pretended.server())
    sources.create(_SOURCE)
    there = pretended.state.data_sources["sidecar-x"]
    there["jsonData"] |= {"manageAlerts": False, "httpMethod": "GET"}
    there["isDefault"] = True

    found = _found(sources.find(_SOURCE))
    assert found.body["jsonData"] == {**MARK, "httpMethod": "GET"}
    sources.change(_SOURCE, found)

    there = pretended.state.data_sources["sidecar-x"]
    assert there["jsonData"] == {**MARK, "httpMethod": "POST", "manageAlerts": False}
    assert there["isDefault"] is True


def test_somebody_who_saves_a_data_source_meanwhile_goes_first(
    pretended: PretendedGrafana,
) -> None:
    sources = Sources(pretended.server())
    sources.create(_SOURCE)
    found = _found(sources.find(_SOURCE))
    sources.change(_SOURCE, found)

    with pytest.raises(Refused, match="409"):
        sources.change(_SOURCE, found)


def test_data_sources_of_others_and_of_files_are_told(pretended: PretendedGrafana) -> None:
    sources = Sources(pretended.server())
    sources.create(_SOURCE)
    there = pretended.state.data_sources["sidecar-x"]
    there["readOnly"] = True
    assert _found(sources.find(_SOURCE)).locked == FROM_A_FILE
    there["jsonData"] = {}
    assert _found(sources.find(_SOURCE)).ours is False
    assert sources.ours() == {}


def test_a_dashboard_is_in_our_folder_with_our_tag(pretended: PretendedGrafana) -> None:
    boards = Boards(pretended.server())
    assert boards.find(_board()) is None
    boards.create(_board())

    found = _found(boards.find(_board()))
    assert (found.body, found.ours, found.locked) == (_board().body, True, "")
    assert boards.ours() == {"sidecar-b": "dashboard sidecar-b"}
    boards.change(_board(title="C"), found)
    assert pretended.state.dashboards["sidecar-b"]["dashboard"]["title"] == "C"
    with pytest.raises(Refused, match="saved it at the same time"):
        boards.change(_board(), found)
    boards.delete("sidecar-b")
    boards.delete("sidecar-b")
    assert boards.ours() == {}


def test_that_grafana_reads_older_forms_as_new_ones_is_no_difference(
    pretended: PretendedGrafana,
) -> None:
    boards = Boards(pretended.server())
    boards.create(_board())
    pretended.state.dashboards["sidecar-b"]["dashboard"]["schemaVersion"] = 43

    assert _found(boards.find(_board())).body == _board().body


def test_a_dashboard_of_others_elsewhere_or_of_a_file_is_told(
    pretended: PretendedGrafana,
) -> None:
    boards = Boards(pretended.server())
    boards.create(_board())
    there = pretended.state.dashboards["sidecar-b"]
    there["meta"]["folderUid"] = "general"
    assert _found(boards.find(_board())).body["folderUid"] == "general"
    there["meta"]["provisioned"] = True
    assert _found(boards.find(_board())).locked == FROM_A_FILE
    there["dashboard"]["tags"] = []
    assert _found(boards.find(_board())).ours is False
