from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.__main__ import GENERATED, files, main, stale, write


def test_what_is_committed_is_what_the_code_makes() -> None:
    assert stale(GENERATED, files()) == [], "run `python -m dashboards` and commit what it writes"


def test_the_same_is_written_each_time() -> None:
    assert files() == files()


def test_what_is_missing_differs_or_is_no_longer_made_is_stale(tmp_path: Path) -> None:
    wanted = {"a.json": "1", "b.json": "2", "c.json": "3"}
    (tmp_path / "a.json").write_text("1", encoding="utf-8")
    (tmp_path / "b.json").write_text("old", encoding="utf-8")
    (tmp_path / "gone.json").write_text("0", encoding="utf-8")
    assert stale(tmp_path, wanted) == ["b.json", "c.json", "gone.json"]
    assert write(tmp_path, wanted) == ["b.json", "c.json", "gone.json"]
    assert stale(tmp_path, wanted) == []


def test_check_names_what_is_stale_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check", "--out", str(tmp_path)]) == 1
    assert "stale: fleet.json" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert main(["--out", str(tmp_path)]) == 0
    assert main(["--check", "--out", str(tmp_path)]) == 0
