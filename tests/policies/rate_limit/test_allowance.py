from __future__ import annotations

import pytest

from sidecar.model.quantities import parse_rate
from sidecar.policies.rate_limit.allowance import Algorithm, Allowance, Shape, written_rate


@pytest.mark.parametrize(
    "text, written",
    [("5/s", "5/s"), ("1/10s", "1/10s"), ("600/m", "600/60s"), ("20 units/m", "20 units/60s")],
)
def test_a_rate_is_shown_so_that_it_can_be_written(text: str, written: str) -> None:
    rate = parse_rate(text)
    assert written_rate(rate) == written
    assert parse_rate(written_rate(rate)) == rate


@pytest.mark.parametrize(
    "algorithm, burst, rate, at_once",
    [
        (Algorithm.TOKEN_BUCKET, None, "5/s", 5),
        (Algorithm.TOKEN_BUCKET, None, "50/s", 50),
        (Algorithm.TOKEN_BUCKET, 10, "5/s", 10),
        (Algorithm.TOKEN_BUCKET, 10, "50/s", 100),
        (Algorithm.TOKEN_BUCKET, 10, "1/10s", 1),
        (Algorithm.GCRA, None, "50/s", 1),
        (Algorithm.WARM_UP, None, "50/s", 50),
        (Algorithm.GCRA, None, "300 units/m", 300),
    ],
)
def test_the_burst_of_a_value_with_its_own_rate(
    algorithm: Algorithm, burst: int | None, rate: str, at_once: float
) -> None:
    """The limit is 5/s, with this burst."""
    assert Shape(algorithm, burst).burst_of(parse_rate(rate), parse_rate("5/s")) == at_once


@pytest.mark.parametrize("old", Algorithm)
@pytest.mark.parametrize("new", Algorithm)
def test_a_value_stands_with_another_limit_as_it_did(old: Algorithm, new: Algorithm) -> None:
    rate = parse_rate("2/s")
    before, after = (Allowance(Shape(one, None, (30.0, 0.5)), rate, rate, 9) for one in (old, new))
    while before.meter.admits(b"key", 50.0):
        before.meter.take(b"key", 50.0)
    after.copy_standing(b"key", before, 50.0)
    after.copy_standing(b"stranger", before, 50.0)
    one_left = old in {Algorithm.PACE, Algorithm.GCRA} or (
        old is Algorithm.WARM_UP and new is not Algorithm.WARM_UP
    )
    assert after.meter.left(b"key", 50.0) <= (1 if one_left else 0)
    assert not after.meter.knows(b"stranger")
