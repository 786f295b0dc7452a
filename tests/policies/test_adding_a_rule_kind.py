"""The worked example of ``docs/adding-a-rule-kind.md``, carried out on a copy of the package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-rule-kind.md"
RULE_FILE = "rules/shop.rules.yaml"
TEST_FILE = "tests/policies/test_header_guard.py"

_BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _with_additions(text: str, diff: str) -> str:
    """``text`` with the ``+`` lines of ``diff``, each below the unchanged line before it."""
    lines, at = text.splitlines(), 0
    for change in diff.splitlines():
        if change.startswith("+"):
            lines.insert(at, change[1:])
            at += 1
        elif change.startswith(" "):
            assert change[1:] in lines[at:], f"the page shows a line that is not there: {change}"
            at = lines.index(change[1:], at) + 1
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with every block of the page where its heading says."""
    folder = tmp_path_factory.mktemp("project")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sidecar", folder / "sidecar", ignore=ignore)
    support = folder / "tests" / "policies" / "building.py"
    support.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "policies" / "building.py", support)
    for language, name, block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        is_diff = language == "diff"
        content = _with_additions(file.read_text(encoding="utf-8"), block) if is_diff else block
        file.write_text(content, encoding="utf-8")
    return folder


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", *arguments]
    environment = {
        "PYTHONPATH": str(project),
        # The page's test needs nothing but pytest.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_its_test_passes(project: Path) -> None:
    options = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider")
    done = _run(project, "-m", "pytest", *options, TEST_FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_its_rule_file_is_good(project: Path) -> None:
    done = _run(project, "-m", "sidecar", "check", "--strict", RULE_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_in_it_are_told_like_those_of_any_other_kind(project: Path) -> None:
    text = (project / RULE_FILE).read_text(encoding="utf-8")
    mistakes = [
        ("require: order-id", "require: order-idd", "did you mean order-id?"),
        ("require: order-id", "requires: order-id", "did you mean require?"),
        ("header_guards:", "header_guard:", "did you mean header_guards?"),
    ]
    files: list[str] = []
    for good, bad, _ in mistakes:
        assert good in text
        files.append(f"{len(files)}.rules.yaml")
        (project / files[-1]).write_text(text.replace(good, bad), encoding="utf-8")
    done = _run(project, "-m", "sidecar", "check", *files)
    assert done.returncode == 2
    for _, _, told in mistakes:
        assert told in done.stdout


def test_the_whole_page_was_carried_out(project: Path) -> None:
    written = {name for _, name, _ in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))}
    assert {RULE_FILE, TEST_FILE, "sidecar/policies/header_guard.py"} < written
    assert all((project / name).exists() for name in written)
    # Every fence with a language is one that is carried out.
    assert PAGE.read_text(encoding="utf-8").count("\n```") == 2 * len(written)
