from __future__ import annotations

import pytest

from demo_services.shop.story.promises import (
    as_fast_as_before,
    nobody_refused,
    nothing_failed,
    refusals_explain_themselves,
    true_to_the_limit,
)
from demo_services.shop.story.rule_files import Limit
from tests.demo_services.shop.reports import latency, part, report

LIMIT = Limit("whole-shop", 100.0, 20.0)


@pytest.mark.parametrize(
    "admitted,kept", [(359, False), (360, True), (400, True), (428, True), (429, False)]
)
def test_true_to_the_limit(admitted: int, kept: bool) -> None:
    check = true_to_the_limit(part(admitted=admitted, refused=9), LIMIT, "everybody")
    assert check.kept is kept
    assert check.measured == f"{admitted} of {admitted + 9} admitted in 4 s, 360 to 428 is right"


@pytest.mark.parametrize(
    "milliseconds,count,late,kept",
    [(69, 5, 0, True), (73, 5, 0, False), (73, 5, 8, True), (80, 5, 8, False), (10, 0, 0, False)],
)
def test_as_fast_as_before(milliseconds: float, count: int, late: float, *, kept: bool) -> None:
    quiet = latency(100, 10).summary()
    parts = [part(admitted=count, milliseconds=milliseconds)]
    driver = report(lag_ms=late).driver
    assert as_fast_as_before(parts, driver, quiet, "everybody").kept is kept


@pytest.mark.parametrize("admitted,refused,kept", [(9, 0, True), (9, 1, False), (0, 0, False)])
def test_nobody_refused(admitted: int, refused: int, kept: bool) -> None:
    assert nobody_refused([part(admitted=admitted, refused=refused)]).kept is kept


def test_nothing_failed() -> None:
    assert nothing_failed([part(admitted=3, refused=4)]).kept
    check = nothing_failed([part(admitted=3, failed=2), part(failed=1)])
    assert not check.kept
    assert check.measured == "3 x 500"


@pytest.mark.parametrize("refused,without,kept", [(5, 0, True), (5, 1, False), (0, 0, False)])
def test_refusals_explain_themselves(refused: int, without: int, kept: bool) -> None:
    parts = [part(refused=refused, incomplete=without)]
    assert refusals_explain_themselves(parts).kept is kept
