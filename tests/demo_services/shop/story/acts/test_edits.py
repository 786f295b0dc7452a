from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.load.report import PhaseReport
from demo_services.shop.story.acts.edits import SCALPER, Scalper, Shadow, Typo
from demo_services.shop.story.acts.limits import GREEDY
from demo_services.shop.story.counted import Decisions
from tests.demo_services.shop.reports import part, report
from tests.demo_services.shop.stages import stage

MESSAGE = (
    "the rules stay as they are: storefront.rules.yaml:36:3 unknown-field: unknown field 'limitt' "
    "in rate_limits 'each-user'; did you mean limit?"
)


def _scalper(folder: Path, before: PhaseReport, after: PhaseReport) -> list[str]:
    act = Scalper()
    act.report = report(part(admitted=160), before, after)
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_the_scalper_is_in_before_and_out_after(tmp_path: Path) -> None:
    before = part(SCALPER, "before", admitted=4)
    assert _scalper(tmp_path, before, part(SCALPER, "after", refused=8, refusal=403)) == []
    denied = ["a second after the edit every request of the scalper is a 403"]
    assert _scalper(tmp_path, before, part(SCALPER, "after", refused=8)) == denied
    assert _scalper(tmp_path, before, part(SCALPER, "after", admitted=8)) == denied
    early = part(SCALPER, "before", refused=4, refusal=403)
    after = part(SCALPER, "after", refused=8, refusal=403)
    assert _scalper(tmp_path, early, after) == ["before the edit the scalper is let in"]


def _typo(folder: Path, told: str, *, admitted: int = 19, mended: bool = True) -> list[str]:
    act = Typo()
    act.line, act.told, act.mended = 36, told, mended
    greedy = part(GREEDY, "after", admitted=admitted, refused=40, seconds=2)
    act.report = report(part(admitted=160), greedy)
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_a_typing_error_changes_nothing_and_is_told(tmp_path: Path) -> None:
    assert _typo(tmp_path, MESSAGE) == []
    assert _typo(tmp_path, MESSAGE, admitted=60) == [
        "the rules before it stay: a greedy user gets what the limit allows, 5/s"
    ]
    assert _typo(tmp_path, MESSAGE, mended=False) == ["mended, the file is in force again"]


@pytest.mark.parametrize(
    "told", ["", MESSAGE.replace(":36:", ":35:"), MESSAGE.replace("did you mean", "not")]
)
def test_an_error_without_its_place_is_not_enough(tmp_path: Path, told: str) -> None:
    assert _typo(tmp_path, told) == ["the error is told with file, line and the right word"]


@pytest.mark.parametrize(
    "would,refused,kept",
    [
        (Decisions(admitted=130, refused=80), 0, True),
        (Decisions(admitted=210, refused=0), 0, False),
        (Decisions(admitted=100, refused=80), 0, False),
        (Decisions(admitted=130, refused=80), 1, False),
    ],
)
def test_a_shadow_counts_and_does_nothing(
    tmp_path: Path, would: Decisions, refused: int, *, kept: bool
) -> None:
    act = Shadow()
    act.would = would
    act.report = report(part(admitted=210 - refused, refused=refused))
    assert all(check.kept for check in act.checks(stage(tmp_path))) is kept
