"""What the README shows can be used as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.ruleset.check import check

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_rule_file_is_right() -> None:
    [rules] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    checked = check(rules.encode(), "README.md")
    assert checked.file is not None
    assert checked.diagnostics == ()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)", README))))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^ +make (\w+)", README, re.MULTILINE))))
def test_its_make_targets_exist(target: str) -> None:
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
