from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.dashboards.generated import BOARDS, board

SCHEMA = Path("/work/shared/grafana/dashboard.jsonschema.json")

pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="Grafana's schema of dashboards is not on this machine"
)


@cache
def _validator() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    # Its generator writes "anything" as "an object"; Grafana and its own SDK have texts and numbers
    # in both places (a field's name, a unit).
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    return jsonschema.Draft7Validator(schema)


def _problems(whole: object) -> list[str]:
    return [f"{one.json_path}: {one.message[:200]}" for one in _validator().iter_errors(whole)]


@pytest.mark.parametrize("name", BOARDS)
def test_every_dashboard_is_what_grafana_takes(name: str) -> None:
    assert _problems(board(name)) == []


def test_what_grafana_does_not_take_is_found() -> None:
    whole = board("fleet.json")
    whole["panels"][1]["gridPos"] = "left"
    assert _problems(whole)
