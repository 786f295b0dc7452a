from __future__ import annotations

import json

import pytest

from sidecar.admin import answers as a
from tests.admin.described import mismatches
from tests.admin.test_openapi import WHOLE
from tests.commands.invoking import invoked


@pytest.mark.usefixtures("beside")
def test_one_look_shows_what_there_is() -> None:
    status, output = invoked("status")
    assert status == 0
    for words in ("shop is ready", "access/office", "rate_limits/each", "resting until 2099-01-01",
                  "127.0.0.1:9000  healthy", "shop.yaml:10"):  # fmt: skip
        assert words in output
    assert "\x1b" not in output


@pytest.mark.usefixtures("beside")
def test_machines_get_what_the_api_says() -> None:
    status, output = invoked("status", "--json")
    assert status == 0
    schema = {"$ref": f"#/components/schemas/{a.Overview.__name__}"}
    assert mismatches(json.loads(output), schema, WHOLE) == []


def test_where_nobody_answers() -> None:
    status, output = invoked("status", "--socket", "/nowhere/admin.sock")
    assert status == 1
    assert (
        output == "sidecar: no sidecar answers at /nowhere/admin.sock: No such file or directory\n"
    )
