from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.invoking import invoked
from tests.ruleset.compiled import rule_file

OLD = rule_file("rate_limits: [{name: all, limit: 5/s}]\n")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD, encoding="utf-8")
    new.write_text(OLD.replace("5/s", "10/s"), encoding="utf-8")
    return str(old), str(new)


def test_a_change_is_told_in_words_with_its_line(files: tuple[str, str]) -> None:
    status, output = invoked("diff", *files)
    assert status == 1
    assert output == f"looser  rate_limits/all  limit: 5/s → 10/s  {files[1]}:5\n"


def test_no_change(files: tuple[str, str]) -> None:
    assert invoked("diff", files[0], files[0]) == (0, "nothing changes\n")


def test_the_old_one_may_come_from_a_pipe(files: tuple[str, str]) -> None:
    assert invoked("diff", "-", files[0], text=OLD) == (0, "nothing changes\n")


def test_for_programs(files: tuple[str, str]) -> None:
    [change] = json.loads(invoked("diff", *files, "--json")[1])
    assert change == {
        "about": "rate_limits/all",
        "words": "limit: 5/s → 10/s",
        "effect": "looser",
        "source": f"{files[1]}:5",
    }


def test_a_file_with_errors(files: tuple[str, str]) -> None:
    Path(files[1]).write_text("nonsense", encoding="utf-8")
    status, output = invoked("diff", *files)
    assert status == 2
    assert "error" in output
