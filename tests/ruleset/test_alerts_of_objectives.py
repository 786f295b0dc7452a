from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.ruleset.alert_values import AlertSeverity, Burn
from sidecar.ruleset.alerts_of_objectives import BudgetLeftSpec, BurnRateSpec, ErrorShareSpec


def read(**fields: object) -> BurnRateSpec:
    return BurnRateSpec.model_validate({"name": "burn", "kind": "burn_rate", **fields})


def test_a_burn_rate() -> None:
    spec = read(slo="up", page=["14.4x over 1h/5m"], ticket=[], at_least="7 requests")
    assert spec.slo == ("up",)
    assert spec.page == (Burn(14.4, 3600.0, 300.0),)
    assert (spec.ticket, spec.at_least) == ((), 7)


def test_what_is_left_out_is_for_whoever_compiles_it() -> None:
    spec = read(for_each="slo")
    assert (spec.page, spec.ticket, spec.at_least) == (None, None, 20)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"for_each": "route"},
        {"for_each": "slo", "slo": "up"},
        {"slo": []},
        {"slo": "up", "page": [], "ticket": []},
        {"slo": "up", "page": "14.4x over 1h/5m"},
        {"slo": "up", "severity": "page"},
    ],
    ids=str,
)
def test_what_makes_no_burn_rate(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read(**fields)


def test_defaults_of_the_others() -> None:
    budget = BudgetLeftSpec.model_validate({"name": "a", "kind": "budget_left"})
    assert (budget.below, budget.hold, budget.severity) == (0.1, 900.0, AlertSeverity.TICKET)
    errors = ErrorShareSpec.model_validate({"name": "a", "kind": "error_share"})
    assert (errors.above, errors.hold, errors.severity) == (0.05, 120.0, AlertSeverity.PAGE)
