from __future__ import annotations

import msgspec
import pytest

from sidecar.alerting.in_words import when
from tests.alerting.examples import breaker


def said(summary: str, expression: str, for_seconds: float = 0.0) -> str:
    return when(
        msgspec.structs.replace(
            breaker(),
            annotations={"summary": summary},
            expression=expression,
            for_seconds=for_seconds,
        )
    )


@pytest.mark.parametrize(
    "summary,expression,expected",
    [
        (
            "{{ $value | humanizePercentage }} of the requests fail",
            "a / (b >= 20) > 0.05",
            "more than 5% of the requests fail",
        ),
        ("{{ $value }} instances are down", "count(a == 0) > 0", "some instances are down"),
        (
            "{{ $value | humanizePercentage }} of it is left",
            "left < 1e-01",
            "less than 10% of it is left",
        ),
        (
            "the loop is {{ $value | humanizeDuration }} late",
            "q >= 0.05",
            "the loop is at least 50ms late",
        ),
        ("{{ $value }} is odd in {{ $labels.upstream }}", "a == 1", "… is odd in UPSTREAM"),
        ("nobody is there", "absent(up)", "nobody is there"),
    ],
)
def test_the_value_is_what_is_too_much(summary: str, expression: str, expected: str) -> None:
    assert said(summary, expression) == expected


def test_how_long_it_lasts_is_said() -> None:
    assert said("nobody is there", "absent(up)", 90) == "nobody is there, for 1m30s"


def test_burn_rates_are_said_with_their_windows() -> None:
    def arm(long: str, short: str, factor: str) -> str:
        ratio = 'slo:sidecar_slo_bad:ratio%s{service="order",slo="a"} / 0.001 > %s'
        return f"({ratio % (long, factor)} and {ratio % (short, factor)} and asked >= 20)"

    expression = f"{arm('1h', '5m', '14.4')} or {arm('6h', '30m', '6')}"
    assert said("the budget is used up {{ $value | humanize }} times too fast", expression) == (
        "the budget is used up 14.4 (over 1h) or 6 (over 6h) times too fast"
    )
