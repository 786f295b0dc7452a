from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.commands.rule_text import checked, compiled_offline
from sidecar.ruleset.document import FILE_BYTES_AT_MOST
from tests.ruleset.compiled import refusal, request, rule_file

HELLO = Path(__file__).parents[2] / "rules" / "hello.rules.yaml"


def test_a_file_is_read_and_checked() -> None:
    assert checked(HELLO).file is not None


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (found,) = checked(tmp_path / "none.yaml").diagnostics
    assert found.code == "no-file"


def test_of_a_huge_file_no_more_is_read_than_tells_that_it_is(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (FILE_BYTES_AT_MOST + 100))
    assert [one.code for one in checked(huge).diagnostics] == ["too-large"]


def test_rules_are_compiled_without_a_sidecar(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(rule_file("rate_limits: [{name: all, limit: 5/s}]\n"), encoding="utf-8")
    rules = compiled_offline(checked(file), file)
    assert list(rules.policies) == [("rate_limits", "all")]


def test_lists_are_read_beside_the_file_and_their_entries_end_by_the_clock(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    text = "keys: {user: {from: cookie, name: u}}\n"
    text += "access: [{name: a, deny: {user: {file: users.txt}}}]\n"
    file.write_text(rule_file(text), encoding="utf-8")
    (tmp_path / "users.txt").write_text("eve\nann until: 2020-01-01T00:00:00Z\n")
    rules = compiled_offline(checked(file), file)
    reasons = [refusal(rules, request(cookie=f"u={name}"), 0.0) for name in ("eve", "ann")]
    assert reasons == ["access_denied", ""]


def test_files_with_errors_are_never_compiled(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    with pytest.raises(ValueError, match="errors"):
        compiled_offline(checked(file), file)
