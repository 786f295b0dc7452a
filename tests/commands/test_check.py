from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.invoking import invoked

ROOT = Path(__file__).parents[2]
HELLO = str(ROOT / "rules" / "hello.rules.yaml")
BAD = str(ROOT / "tests" / "rules" / "limit-misspelled-unit.bad.yaml")
WARNED = str(ROOT / "tests" / "rules" / "upstream-unused.bad.yaml")


def test_a_good_file() -> None:
    assert invoked("check", HELLO) == (0, f"{HELLO}: ok: 0 routes, 2 rules\n")


def test_a_file_with_an_error() -> None:
    status, output = invoked("check", BAD)
    assert status == 2
    assert "error bad-rate: '5/sek' is not a rate" in output
    assert output.endswith(f"{BAD}: 1 error\n")


def test_warnings_are_no_failure_unless_strict() -> None:
    status, output = invoked("check", WARNED)
    assert status == 0
    assert output.endswith(f"{WARNED}: ok: 0 routes, 0 rules, 1 warning\n")
    assert invoked("check", "--strict", WARNED)[0] == 2
    assert invoked("check", "--strict", HELLO)[0] == 0


def test_several_files_are_all_checked() -> None:
    status, output = invoked("check", BAD, HELLO, WARNED)
    assert status == 2
    assert output.splitlines()[-3:] == [
        f"{BAD}: 1 error",
        f"{HELLO}: ok: 0 routes, 2 rules",
        f"{WARNED}: ok: 0 routes, 0 rules, 1 warning",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.yaml")
    status, output = invoked("check", missing)
    assert status == 2
    assert f"{missing}:1:1: error no-file: cannot be read: No such file" in output
    assert "Is a directory" in invoked("check", str(tmp_path))[1]


def test_standard_input() -> None:
    status, output = invoked("check", "-", text=Path(HELLO).read_bytes())
    assert (status, output) == (0, "<stdin>: ok: 0 routes, 2 rules\n")
    assert "not UTF-8" in invoked("check", "-", text=b"\xff")[1]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_machines_get_a_document_and_nothing_else(form: str) -> None:
    status, output = invoked("check", "--format", form, BAD, HELLO)
    assert status == 2
    assert json.loads(output)
    assert json.loads(invoked("check", "--format", form, HELLO)[1])


def test_github_gets_annotations() -> None:
    status, output = invoked("check", "--format", "github", BAD)
    assert status == 2
    assert output.startswith("::error file=")
    assert len(output.splitlines()) == 1
