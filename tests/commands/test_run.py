"""What it does when it serves is tested with real processes, in tests/integration."""

from __future__ import annotations

from pathlib import Path

from tests.commands.invoking import invoked

BAD = str(Path(__file__).parents[1] / "rules" / "limit-misspelled-unit.bad.yaml")


def test_a_file_with_errors_is_not_run(tmp_path: Path) -> None:
    status, output = invoked("run", BAD, "--state-dir", str(tmp_path / "state"))
    assert status == 2
    assert "error bad-rate" in output
    assert not (tmp_path / "state").exists()
