from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.access_sampling import AccessSampling
from tests.telemetry.exchanges import FALLBACK, REFUSED, UPSTREAM_RESET
from tests.telemetry.records import make_record

_IDS = st.integers(0, 2**128 - 1).map(lambda number: b"%032x" % number)


def test_all_have_a_line_unless_somebody_says_otherwise() -> None:
    assert AccessSampling(1.0).takes_all
    assert not AccessSampling(0.999).takes_all


@given(_IDS, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_who_is_in_the_smaller_share_is_in_the_larger_one(
    trace_id: bytes, one: float, other: float
) -> None:
    record = make_record(trace_id=trace_id)
    smaller, larger = sorted((one, other))
    assert not AccessSampling(smaller).takes(record) or AccessSampling(larger).takes(record)


@given(_IDS)
def test_nobody_is_in_no_share_and_everybody_in_the_whole(trace_id: bytes) -> None:
    record = make_record(trace_id=trace_id)
    assert not AccessSampling(0.0).takes(record)
    assert AccessSampling(1.0).takes(record)


def test_a_share_is_that_share_of_the_ids_there_are() -> None:
    sampling = AccessSampling(0.1)
    ids = [b"%018x%014x" % (0, (2 * number + 1) * 2**56 // 2000) for number in range(1000)]
    assert sum(sampling.takes(make_record(trace_id=one)) for one in ids) == 100


@pytest.mark.parametrize("record", [REFUSED, FALLBACK, UPSTREAM_RESET, make_record(status=500)])
def test_what_went_wrong_has_a_line_in_any_case(record: object) -> None:
    assert AccessSampling(0.0).takes(record)  # type: ignore[arg-type]  # they are records
