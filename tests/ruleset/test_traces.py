"""What `telemetry.traces` means to the data path."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.telemetry_sections import TracesSpec
from sidecar.ruleset.traces import compile_traces, threshold

digits = st.text("0123456789abcdef", min_size=32, max_size=32).map(str.encode)


@given(digits, st.floats(0, 1))
def test_a_share_of_the_ids_is_sampled(trace_id: bytes, share: float) -> None:
    sampled = trace_id[18:] >= threshold(share)
    random = int(trace_id[-14:], 16)
    assert sampled == (random >= round((1 - share) * 2**56))


@given(digits, st.floats(0, 1), st.floats(0, 1))
def test_whoever_samples_more_samples_what_others_do(
    trace_id: bytes, one: float, another: float
) -> None:
    less, more = sorted((one, another))
    assert trace_id[18:] < threshold(less) or trace_id[18:] >= threshold(more)


def test_none_and_all() -> None:
    assert threshold(0.0) > b"f" * 14
    assert threshold(1.0) <= b"0" * 14


@pytest.mark.parametrize(
    "written, kept",
    [
        ({}, (True, True, True, 1.0)),
        ({"always": []}, (False, False, False, math.inf)),
        ({"always": ["error"]}, (True, False, False, math.inf)),
        ({"always": ["refused", "slow"], "slow": "20ms"}, (False, True, False, 0.02)),
        ({"always": ["degraded"], "slow": "20ms"}, (False, False, True, math.inf)),
    ],
)
def test_what_is_always_kept(written: dict[str, object], kept: tuple[object, ...]) -> None:
    traces = compile_traces(TracesSpec.model_validate(written))
    assert (traces.error, traces.refused, traces.degraded, traces.slow) == kept
    assert traces.threshold == threshold(0.01)
