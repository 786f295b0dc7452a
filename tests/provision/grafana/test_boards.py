from __future__ import annotations

from importlib.resources import files
from typing import Any

from sidecar.provision.grafana.boards import TAG, boards, without_numbers
from sidecar.provision.grafana.sources import NAMES
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS


def _sources(board: dict[str, Any]) -> dict[str, Any]:
    variables = board["templating"]["list"]
    return {one["name"]: one["current"] for one in variables if one["type"] == "datasource"}


def test_every_generated_dashboard_goes_into_our_folder_with_our_tag() -> None:
    names = [entry.name for entry in (files("dashboards") / "generated").iterdir()]
    wanted = boards({})

    assert len(wanted) == sum(name.endswith(".json") for name in names) > 0
    for board in wanted:
        assert board.body["folderUid"] == FOLDER
        assert board.needs == (f"folder {FOLDER}",)
        assert TAG in board.body["dashboard"]["tags"]
        assert board.key == board.body["dashboard"]["uid"]
        assert board.key.startswith("sidecar-")


def test_variables_stand_at_the_data_sources_that_there_are() -> None:
    for board in boards(NAMES):
        chosen = _sources(board.body["dashboard"])
        assert chosen["datasource"]["value"] == PROMETHEUS
        for one in chosen.values():
            assert NAMES[one["value"]] == one["text"]


def test_they_are_left_where_there_are_none() -> None:
    for bare, board in zip(boards({"other": "Other"}), boards({}), strict=True):
        assert bare == board


def test_numbers_that_grafana_counts_up_are_no_part_of_a_dashboard() -> None:
    assert without_numbers({"id": 1, "version": 2, "uid": "x"}) == {"uid": "x"}
