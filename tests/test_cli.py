from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sidecar import __version__
from sidecar.cli import app
from sidecar.ruleset.schema import json_schema

ROOT = Path(__file__).parents[1]
HELLO = str(ROOT / "rules" / "hello.rules.yaml")
BAD = str(ROOT / "tests" / "rules" / "limit-misspelled-unit.bad.yaml")
WARNED = str(ROOT / "tests" / "rules" / "upstream-unused.bad.yaml")


def _run(*arguments: str, text: str | bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_good_file() -> None:
    assert _run("check", HELLO) == (0, f"{HELLO}: ok: 0 routes, 2 rules\n")


def test_a_file_with_an_error() -> None:
    status, output = _run("check", BAD)
    assert status == 2
    assert "error bad-rate: '5/sek' is not a rate" in output
    assert output.endswith(f"{BAD}: 1 error\n")


def test_warnings_are_no_failure_unless_strict() -> None:
    status, output = _run("check", WARNED)
    assert status == 0
    assert output.endswith(f"{WARNED}: ok: 0 routes, 0 rules, 1 warning\n")
    assert _run("check", "--strict", WARNED)[0] == 2
    assert _run("check", "--strict", HELLO)[0] == 0


def test_several_files_are_all_checked() -> None:
    status, output = _run("check", BAD, HELLO, WARNED)
    assert status == 2
    assert output.splitlines()[-3:] == [
        f"{BAD}: 1 error",
        f"{HELLO}: ok: 0 routes, 2 rules",
        f"{WARNED}: ok: 0 routes, 0 rules, 1 warning",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.yaml")
    status, output = _run("check", missing)
    assert status == 2
    assert f"{missing}:1:1: error no-file: cannot be read: No such file" in output
    assert "Is a directory" in _run("check", str(tmp_path))[1]


def test_standard_input() -> None:
    status, output = _run("check", "-", text=Path(HELLO).read_bytes())
    assert (status, output) == (0, "<stdin>: ok: 0 routes, 2 rules\n")
    assert "not UTF-8" in _run("check", "-", text=b"\xff")[1]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_machines_get_a_document_and_nothing_else(form: str) -> None:
    status, output = _run("check", "--format", form, BAD, HELLO)
    assert status == 2
    assert json.loads(output)
    assert json.loads(_run("check", "--format", form, HELLO)[1])


def test_github_gets_annotations() -> None:
    status, output = _run("check", "--format", "github", BAD)
    assert status == 2
    assert output.startswith("::error file=")
    assert len(output.splitlines()) == 1


def test_the_schema() -> None:
    assert _run("schema") == (0, json_schema())


def test_the_version() -> None:
    assert _run("--version") == (0, f"sidecar {__version__}\n")


@pytest.mark.parametrize("command", ["check", "schema"])
def test_help_shows_examples(command: str) -> None:
    status, output = _run(command, "--help")
    assert status == 0
    assert f"sidecar {command}" in " ".join(output.replace("│", " ").split())
    assert "Example" in output


def test_what_is_no_command_is_a_usage_error() -> None:
    assert _run("chekc")[0] == 2
    assert _run("check")[0] == 2
    assert _run("check", "--format", "xml", HELLO)[0] == 2
