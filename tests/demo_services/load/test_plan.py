from __future__ import annotations

from typing import Any

import msgspec
import pytest

from demo_services.load.plan import Client, Plan, Request, Step

PLAN = Plan(
    host="127.0.0.1",
    port=80,
    clients=(
        Client(
            name="one",
            source="127.0.0.2",
            steps=(
                Step(phase="quiet", seconds=2, per_second=10),
                Step(phase="burst", seconds=3, per_second=10, until_per_second=50),
            ),
            requests=(Request(method="POST", path="/orders", headers={"A": "b"}, body="{}"),),
        ),
        Client(name="two", steps=(Step(phase="quiet", seconds=4, per_second=1),)),
    ),
    refusals_carry=("retry-after",),
)


def test_a_plan_lasts_as_long_as_its_longest_client() -> None:
    assert PLAN.seconds == 5


def test_a_plan_survives_its_way_through_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(PLAN), type=Plan) == PLAN


@pytest.mark.parametrize(
    "step,problem",
    [
        ({"phase": "a", "seconds": 0, "per_second": 1}, "`float` > 0.0"),
        ({"phase": "a", "seconds": 1, "per_second": -1}, "`float` >= 0.0"),
        ({"phase": "a", "seconds": 1, "per_second": 1, "spacing": "odd"}, "'odd'"),
        ({"phase": "a", "seconds": 1, "per_second": 1, "rate": 1}, "`rate`"),
        ({"phase": "a", "seconds": 1}, "`per_second`"),
    ],
)
def test_a_step_that_cannot_be_is_refused(step: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert(step, Step)
