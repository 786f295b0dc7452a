from __future__ import annotations

from sidecar.ruleset.schema import json_schema
from tests.commands.invoking import invoked


def test_the_schema() -> None:
    assert invoked("schema") == (0, json_schema())
