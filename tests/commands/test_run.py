"""What it does when it serves is tested with real processes, in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from sidecar.cli import app
from tests.commands.invoking import invoked

BAD = str(Path(__file__).parents[1] / "rules" / "limit-misspelled-unit.bad.yaml")


def test_a_file_with_errors_is_not_run(tmp_path: Path) -> None:
    status, output = invoked("run", BAD, "--state-dir", str(tmp_path / "state"))
    assert status == 2
    assert "error bad-rate" in output
    assert not (tmp_path / "state").exists()


GOOD = """\
format: sidecar/v1
service: shop
listeners: {inbound: {bind: 127.0.0.1:0}}
upstreams: {app: {url: http://127.0.0.1:0}}
"""


def test_whoever_has_started_a_service_takes_over_from_nobody(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD)
    status, output = invoked("run", str(rules), "--take-over", "--", "app")
    assert status == 2
    assert "--take-over cannot be used with a command" in output


def test_a_command_is_expected_after_its_sign(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD)
    status, output = invoked("run", str(rules), "--")
    assert status == 2
    assert "no command stands after --" in output


def test_every_option_has_a_variable() -> None:
    command = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]  # a group
    for parameter in command.params:
        if parameter.name != "help":
            assert (parameter.envvar or "").startswith("SIDECAR_"), parameter.name


def test_a_command_in_the_environment_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD)
    monkeypatch.setenv("SIDECAR_COMMAND", "'python app.py")
    status, output = invoked("run", str(rules))
    assert status == 2
    assert "SIDECAR_COMMAND cannot be read: no closing quotation" in " ".join(output.split())


def test_a_state_directory_that_cannot_be(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(GOOD.replace("//127.0.0.1:0", "//127.0.0.1:9"))
    taken = tmp_path / "taken"
    taken.touch()
    status, output = invoked("run", str(rules), "--state-dir", str(taken))
    assert status == 1
    assert f"no state directory {taken}: File exists; choose another" in output
