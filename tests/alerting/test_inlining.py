from __future__ import annotations

import msgspec
import pytest

from sidecar.alerting.alert import Group, Recording
from sidecar.alerting.inlining import inlined
from tests.alerting.examples import breaker, burn, group

ASKED = Recording("slo:asked:1h", 'increase(asked{slo="a"}[1h])', {"slo": "a"})
OTHERS = Recording("slo:asked:1h", 'increase(asked{slo="b"}[1h])', {"slo": "b"})
BAD = Recording("slo:bad:1h", 'increase(bad[1h]) / (slo:asked:1h{slo="a"} > 0)', {"slo": "a"})


def asking(expression: str, *recordings: Recording) -> str:
    alert = msgspec.structs.replace(burn(), expression=expression)
    (found,) = inlined(group(*recordings, alert))
    return found.expression


def test_what_is_recorded_stands_in_the_place_of_its_name() -> None:
    assert asking('slo:bad:1h{service="order",slo="a"} > 0.1', ASKED, OTHERS, BAD) == (
        '(increase(bad[1h]) / ((increase(asked{slo="a"}[1h])) > 0)) > 0.1'
    )


def test_others_are_left_as_they_are() -> None:
    expression = 'sum by (slo) (up{job="slo:asked:1h{}"}) > on (slo) group_left slo_asked:1h'
    assert asking(expression, ASKED) == expression


def test_an_alert_that_asks_for_nothing_recorded_is_the_same() -> None:
    assert inlined(group(ASKED, breaker())) == (breaker(),)


@pytest.mark.parametrize(
    "expression,often",
    [('slo:asked:1h{slo="c"} > 1', 0), ("slo:asked:1h > 1", 2)],
)
def test_what_is_not_plain_is_refused(expression: str, often: int) -> None:
    with pytest.raises(ValueError, match=f"is recorded by {often} rules"):
        asking(expression, ASKED, OTHERS)


def test_a_group_without_alerts_has_none() -> None:
    assert inlined(Group("order", 30.0, (ASKED,))) == ()
