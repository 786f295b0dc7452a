from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.ruleset.check import check
from tests.commands.invoking import invoked

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Order Service"},
    "paths": {"/orders": {"get": {"operationId": "listOrders"}}},
}


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_working_file_is_written_and_the_next_step_said() -> None:
    status, output = invoked("init", "--app", "127.0.0.1:9000", "--service", "order")
    assert (status, output) == (
        0,
        "order.rules.yaml is written, with 0 routes. Run it: sidecar run order.rules.yaml\n",
    )
    assert invoked("check", "--strict", "order.rules.yaml")[0] == 0


def test_routes_and_a_name_come_from_a_description() -> None:
    Path("openapi.json").write_text(json.dumps(OPENAPI), encoding="utf-8")
    assert invoked("init", "--app", "127.0.0.1:9000", "--from", "openapi.json")[0] == 0
    good = check(Path("order-service.rules.yaml").read_bytes(), "x")
    assert good.file is not None
    assert [route.name for route in good.file.routes] == ["list-orders"]


def test_it_can_be_looked_at_first() -> None:
    status, output = invoked("init", "--app", "unix:/run/app.sock", "--out", "-")
    assert status == 0
    assert check(output, "x").file is not None
    assert list(Path().iterdir()) == []


def test_what_is_there_stays_unless_forced() -> None:
    arguments = ("init", "--app", "127.0.0.1:9000", "--out", "a.yaml")
    Path("a.yaml").write_text("precious", encoding="utf-8")
    status, output = invoked(*arguments)
    assert (status, output) == (1, "sidecar: a.yaml is there already; --force writes over it\n")
    assert Path("a.yaml").read_text(encoding="utf-8") == "precious"
    assert invoked(*arguments, "--force")[0] == 0


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--app", "127.0.0.1:99999"), "--app 127.0.0.1:99999"),
        (("--app", "http://127.0.0.1:9000/path"), "--app http://127.0.0.1:9000/path"),
        (("--app", "127.0.0.1:9000", "--bind", "8080"), "--bind 8080"),
        (("--app", "127.0.0.1:9000", "--from", "none.json"), "none.json cannot be used: No such"),
        (("--app", "127.0.0.1:8080"), "this sidecar itself"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], said: str) -> None:
    status, output = invoked("init", *arguments)
    assert status == 2
    assert said in output
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_said() -> None:
    status, output = invoked("init", "--app", "127.0.0.1:9000", "--out", "none/a.yaml")
    assert (status, output) == (
        1,
        "sidecar: none/a.yaml cannot be written: No such file or directory\n",
    )
