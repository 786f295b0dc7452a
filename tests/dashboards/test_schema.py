from __future__ import annotations

import pytest

from tests.dashboards.generated import BOARDS, board
from tests.servers.grafana.description import descriptions_folder, load


def _problems(whole: dict[str, object]) -> list[str]:
    _, schemas = load(descriptions_folder())
    return schemas.faults_of_dashboard(whole)


@pytest.mark.parametrize("name", BOARDS)
def test_every_dashboard_is_what_grafana_takes(name: str) -> None:
    assert _problems(board(name)) == []


def test_what_grafana_does_not_take_is_found() -> None:
    whole = board("fleet.json")
    whole["panels"][1]["gridPos"] = "left"
    assert _problems(whole)
