from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.load.report import PhaseReport
from demo_services.shop.story.acts.limits import GREEDY, Greedy, Quiet, Sale
from tests.demo_services.shop.reports import part, report
from tests.demo_services.shop.stages import stage


def _quiet(*parts: PhaseReport, folder: Path) -> list[str]:
    act = Quiet()
    act.report = report(*parts)
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_a_quiet_day_is_quiet(tmp_path: Path) -> None:
    assert _quiet(part(admitted=160), folder=tmp_path) == []
    assert _quiet(part(admitted=160, refused=1, failed=1), folder=tmp_path) == [
        "nobody is refused",
        "nothing fails",
    ]


def _sale(rush: PhaseReport, folder: Path, *, served: int) -> list[str]:
    act = Sale()
    act.report = report(part(phase="opening", admitted=100), rush)
    act.served = served
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_a_sale_that_goes_well(tmp_path: Path) -> None:
    rush = part(phase="sale", admitted=400, refused=1200, seconds=5, milliseconds=80)
    assert _sale(rush, tmp_path, served=500) == []


@pytest.mark.parametrize(
    "changes,served,broken",
    [
        ({"admitted": 350}, 450, "everybody together gets what the limit allows, 80/s"),
        ({"admitted": 440}, 540, "everybody together gets what the limit allows, 80/s"),
        ({"milliseconds": 95}, 500, "who is admitted is served as fast as before"),
        ({"incomplete": 1}, 500, "every refusal carries the id of its decision"),
        ({"failed": 1}, 500, "nothing fails"),
        ({}, 501, "what was refused never reached the storefront"),
    ],
)
def test_what_may_go_wrong_with_it(
    tmp_path: Path, changes: dict[str, int], served: int, broken: str
) -> None:
    values = {"admitted": 400, "refused": 1200, "milliseconds": 80} | changes
    rush = part(phase="sale", seconds=5, **values)  # type: ignore[arg-type]
    assert _sale(rush, tmp_path, served=served) == [broken]


def _greedy(greedy: PhaseReport, others: PhaseReport, folder: Path) -> list[str]:
    act = Greedy()
    act.report = report(others, greedy)
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_one_user_is_held_and_nobody_else_notices(tmp_path: Path) -> None:
    greedy = part(GREEDY, admitted=29, refused=570)
    assert _greedy(greedy, part(admitted=160), tmp_path) == []
    assert _greedy(part(GREEDY, admitted=40), part(admitted=160), tmp_path) == [
        "the greedy one gets what the limit allows, 5/s"
    ]
    assert _greedy(greedy, part(admitted=159, refused=1), tmp_path) == ["nobody else is refused"]
    assert _greedy(greedy, part(admitted=160, milliseconds=300), tmp_path) == [
        "everybody else is served as fast as before"
    ]


def test_the_gist_has_the_numbers() -> None:
    act = Greedy()
    act.report = report(part(admitted=160), part(GREEDY, admitted=28, refused=572))
    assert act.gist() == "the greedy one 7 of 150/s, the others 40/s served, p99 10 ms"
