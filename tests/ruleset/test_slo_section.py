from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.ruleset.slo_section import SloSpec

_DAY = 86400.0


def read(**fields: object) -> SloSpec:
    given = {"name": "up", "good": {"status_below": 500}, "target": "99.9%", "over": "30d"}
    return SloSpec.model_validate({**given, **fields})


def test_an_objective_is_read() -> None:
    spec = read(good={"status_below": 500, "not_shed": True, "faster_than": "250ms"})
    assert (spec.name, spec.over) == ("up", 30 * _DAY)
    assert spec.target == pytest.approx(0.999)
    assert (spec.good.status_below, spec.good.not_shed, spec.good.faster_than) == (500, True, 0.25)
    assert spec.match.is_everything


@pytest.mark.parametrize("good", [{"status_below": 201}, {"not_shed": True}, {"faster_than": "1s"}])
def test_one_condition_is_enough(good: dict[str, object]) -> None:
    assert read(good=good).good.model_fields_set == {*good}


@pytest.mark.parametrize(
    "over, seconds", [("1h", 3600.0), ("90d", 90 * _DAY), ("7d12h", 7.5 * _DAY)]
)
def test_windows_from_an_hour_to_ninety_days(over: str, seconds: float) -> None:
    assert read(over=over).over == seconds


@pytest.mark.parametrize(
    "fields",
    [
        {"target": "0%"},
        {"target": "100%"},
        {"over": "59m"},
        {"over": "90d1ms"},
        {"good": {}},
        {"good": {"not_shed": False}},
        {"good": {"status_below": 200}},
        {"good": {"status_below": True}},
        {"good": {"status_below": "500"}},
    ],
    ids=str,
)
def test_what_makes_no_objective(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read(**fields)
