from __future__ import annotations

import pytest

from demo_services.shop.story.acts.program import NAMES, PROGRAM, chosen


def _names(*names: str, governed: bool = True) -> list[str]:
    return [act.name for act in chosen(names, governed=governed)]


def test_by_default_all_are_played_in_order() -> None:
    assert _names() == list(NAMES)


def test_one_alone_comes_after_the_quiet_one() -> None:
    assert _names("typo") == ["normal", "typo"]
    assert _names("normal") == ["normal"]


def test_without_sidecars_there_are_no_rules_to_tell_of() -> None:
    assert _names(governed=False) == [act.name for act in PROGRAM if act.bare]
    assert "typo" not in _names(governed=False)


def test_an_act_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no act sail; there are normal, sale"):
        chosen(["sail"], governed=True)


def test_every_act_is_told_by_a_name_and_a_line() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(0 < len(act.title) <= 80 for act in PROGRAM)
