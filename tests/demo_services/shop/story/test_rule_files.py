from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from demo_services.shop.story.layout import SERVICES, lay_out
from demo_services.shop.story.rule_files import COMMITTED, Limit, RuleFiles, UnfitRules, rule_names
from sidecar.ruleset.check import check

LAYOUT = lay_out(count(20000))


@pytest.fixture
def files(tmp_path: Path) -> RuleFiles:
    return RuleFiles(COMMITTED, tmp_path, LAYOUT)


@pytest.mark.parametrize("service", SERVICES)
def test_the_committed_files_are_right(service: str) -> None:
    path = COMMITTED / f"{service}.rules.yaml"
    checked = check(path.read_bytes(), path.name)
    assert checked.file is not None
    assert checked.diagnostics == ()


@pytest.mark.parametrize("service", SERVICES)
def test_their_copies_are_right_and_have_the_addresses_of_the_run(
    files: RuleFiles, service: str
) -> None:
    checked = check(files.path(service).read_bytes(), "copy")
    assert checked.file is not None
    assert checked.diagnostics == ()
    text, place = files.text(service), LAYOUT[service]
    assert f"bind: {place.inbound}" in text
    assert place.prometheus in text
    assert "127.0.0.1:80" not in text.replace(place.app, "")


def test_comments_stay(files: RuleFiles) -> None:
    committed = (COMMITTED / "order.rules.yaml").read_text()
    comments = [line for line in committed.splitlines() if line.startswith("#")]
    assert all(line in files.text("order") for line in comments)


def test_limits_and_names_are_read(files: RuleFiles) -> None:
    assert files.limit("storefront", "each-user") == Limit("each-user", 5.0, 10.0)
    names = rule_names(files.path("storefront"))
    assert names[:2] == ["scalpers", "whole-shop"]
    assert "half-as-much (shadow)" in names
    assert "place-order" not in names
    for rule in ("half-as-much", "no-such-rule"):
        with pytest.raises(UnfitRules, match=rule):
            files.limit("storefront", rule)


def test_an_edit_can_be_seen_and_taken_back(files: RuleFiles) -> None:
    before = files.text("storefront")
    files.edit("storefront", "limit: 5/s", "limitt: 5/s")
    line = files.line_of("storefront", "limitt")
    assert files.text("storefront").splitlines()[line - 1].strip() == "limitt: 5/s"
    files.restore("storefront")
    assert files.text("storefront") == before


def test_what_is_not_there_cannot_be_edited(files: RuleFiles) -> None:
    with pytest.raises(UnfitRules, match="does not say 'nothing like it'"):
        files.edit("storefront", "nothing like it", "x")
    with pytest.raises(UnfitRules, match="does not say"):
        files.line_of("storefront", "nothing like it")


@pytest.mark.parametrize("text", ["", "- a list", "listeners: {}", "listeners: [", None])
def test_files_that_do_not_fit_are_said(tmp_path: Path, text: str | None) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    if text is not None:
        (folder / "warehouse.rules.yaml").write_text(text)
    with pytest.raises(UnfitRules, match=r"warehouse\.rules\.yaml is not what the story needs"):
        RuleFiles(folder, tmp_path, LAYOUT)
