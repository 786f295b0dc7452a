from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.alerting import objectives
from sidecar.alerting.profile import DEMO, PRODUCTION
from sidecar.ruleset.alert_values import Burn
from sidecar.ruleset.alerts_of_objectives import USUAL_PAGES, USUAL_TICKETS, BurnRateSpec
from sidecar.ruleset.slo_section import SloSpec
from tests.alerting.files import compiled, records_of

_HOUR, _DAY = 3600.0, 86_400.0


def slo(target: str = "99.9%", over: str = "30d", *, not_shed: bool = True) -> SloSpec:
    good = {"status_below": 500, "not_shed": not_shed}
    return SloSpec.model_validate({"name": "up", "good": good, "target": target, "over": over})


def burning(**fields: object) -> BurnRateSpec:
    given = {"name": "burn", "kind": "burn_rate", "for_each": "slo", **fields}
    return BurnRateSpec.model_validate(given)


def test_left_out_they_are_those_of_the_workbook() -> None:
    page, ticket = objectives.burns(burning(), slo())
    assert page == (Burn(14.4, _HOUR, 300.0), Burn(6.0, 6 * _HOUR, 1800.0))
    assert ticket == (Burn(3.0, _DAY, 2 * _HOUR), Burn(1.0, 3 * _DAY, 6 * _HOUR))


@pytest.mark.parametrize(
    "pair, share",
    [*zip((*USUAL_PAGES, *USUAL_TICKETS), (0.02, 0.05, 0.1, 0.1), strict=True)],
)
def test_they_are_the_shares_of_the_budget_that_the_workbook_has(pair: Burn, share: float) -> None:
    assert pair.factor * pair.long_seconds / (30 * _DAY) == pytest.approx(share)
    assert pair.long_seconds / pair.short_seconds == pytest.approx(12)


@given(st.integers(1, 90 * 24))
def test_for_another_time_the_same_share_of_the_budget_is_gone(hours: int) -> None:
    spec = slo(over=f"{hours}h")
    page, ticket = objectives.burns(burning(), spec)
    for one in (*page, *ticket):
        assert one.short_seconds < one.long_seconds <= spec.over
        assert one.long_seconds >= 600
        assert one.short_seconds >= 60
    if hours >= 30 * 24:
        shares = [one.factor * one.long_seconds / spec.over for one in page]
        assert shares == pytest.approx([0.02, 0.05])


def test_what_is_written_holds_alone() -> None:
    page, ticket = objectives.burns(burning(page=[], ticket=["2x over 1h/5m"]), slo())
    assert (page, ticket) == ((), (Burn(2.0, _HOUR, 300.0),))


def test_what_can_never_be_is_left_out() -> None:
    page, ticket = objectives.burns(burning(), slo(target="80%"))
    assert (page, [one.factor for one in ticket]) == ((), [3.0, 1.0])


def test_shed_requests_are_bad_or_no_part_of_it() -> None:
    """As docs/telemetry.md has it."""
    (_, ratio) = objectives.record_windows(slo(), "shop", ["5m"])
    assert 'outcome!="good"' in ratio.expression
    (requests, ratio) = objectives.record_windows(slo(not_shed=False), "shop", ["5m"])
    assert 'outcome!="shed"' in requests.expression
    assert 'outcome="bad"' in ratio.expression


def test_each_window_is_recorded_once() -> None:
    made = records_of(
        compiled("name: a, kind: burn_rate, slo: up\nname: b, kind: burn_rate, slo: up")
    )
    keys = [(one.record, one.labels["slo"]) for one in made]
    assert len(keys) == len(set(keys))
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
    assert {record for record, of in keys if of == "up"} == {
        *(f"slo:sidecar_slo_requests:increase{window}" for window in windows),
        *(f"slo:sidecar_slo_bad:ratio{window}" for window in windows),
        objectives.BUDGET_LEFT,
    }
    assert {record for record, of in keys if of == "quick"} == {objectives.BUDGET_LEFT}


def test_the_budget_is_recorded_over_the_objectives_own_time() -> None:
    budget = objectives.record_budget(slo(over="7d"), "shop", PRODUCTION)
    assert budget.record == "slo:sidecar_slo_budget_left:ratio"
    assert "[7d]" in budget.expression
    assert budget.expression.endswith("/ 0.001")
    assert "[3h]" in objectives.record_budget(slo(), "shop", DEMO).expression


def test_a_budget_is_a_number_that_people_recognise() -> None:
    targets = ("99.9%", "99.95%", "99.999%", "90%")
    budgets = [objectives.budget(slo(target=one)) for one in targets]
    assert budgets == ["0.001", "0.0005", "1e-05", "0.1"]
