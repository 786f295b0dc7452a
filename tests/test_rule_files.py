"""The rule files of the repository can be used as they are, and nothing is to be said of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.policies.rate_limit.allowance import Algorithm
from sidecar.ruleset.schema import RULE_KINDS, RuleFile, fields_of
from tests.commands.invoking import invoked

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "rules").rglob("*.rules.yaml"))
WORKED = (ROOT / "rules" / "order-service.rules.yaml").read_text(encoding="utf-8")
#: It needs a secret, and a repository has none: it stands there as a comment.
IN_A_COMMENT = "admin"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_to_be_said_of_it(path: Path) -> None:
    status, output = invoked("check", "--strict", str(path))
    assert status == 0, output


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_editors_are_told_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found is not None
    assert (path.parent / found[1]).resolve() == ROOT / "rules" / "rules.schema.json"


def test_the_worked_example_has_every_section_and_kind() -> None:
    shown = re.findall(r"^(?:# (?=admin:))?([a-z_]+):", WORKED, re.MULTILINE)
    assert set(shown) == fields_of(RuleFile).keys()
    assert set(shown) >= RULE_KINDS.keys()


def test_the_worked_example_has_every_algorithm() -> None:
    shown = set(re.findall(r"algorithm: ([a-z_]+)", WORKED))
    assert shown | {Algorithm.TOKEN_BUCKET.value} == {one.value for one in Algorithm}


def test_what_stands_in_a_comment_is_right_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_ADMIN_TOKEN", "a secret")
    text = WORKED.replace(f"\n# {IN_A_COMMENT}:", f"\n{IN_A_COMMENT}:")
    for folder in ("lists", "keys", "static"):
        (tmp_path / folder).symlink_to(ROOT / "rules" / folder)
    path = tmp_path / "order.rules.yaml"
    path.write_text(text, encoding="utf-8")
    status, output = invoked("check", "--strict", str(path))
    assert (text != WORKED, status) == (True, 0), output
