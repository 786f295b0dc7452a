from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.admin.telling import decision_of
from sidecar.commands.tap_line import lost_line, tap_line
from tests.telemetry.records import make_record

LONG = b"/" + b"long/" * 100


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "record, words",
    [
        (make_record(), "GET /orders/17"),
        (
            make_record(target=LONG, rule="access/no", status=403, reason="access_denied"),
            "✗ access",
        ),
        (make_record(status=503, rule="overload/host", reason="overloaded"), "host overloaded"),
        (make_record(status=504, reason="request_timeout", attempts=3), "! request_timeout ×3"),
        (
            make_record(fallback="fallbacks/stock", reason="timeout"),
            "↺ fallbacks/stock for",
        ),
        (make_record(status=500), "! from 127.0.0.1:9000"),
        (make_record(shadow=("rate_limits/a", "rate_limits/b")), "~ rate_limits/a"),
        (make_record(status=0, reason="client_gone"), "–"),
    ],
)
def test_a_line_says_what_was_decided_and_fits(record: object, words: str, width: int) -> None:
    line = tap_line(decision_of(record), width).plain  # type: ignore[arg-type]  # a record
    assert words in line
    assert len(line) <= width


@given(
    width=st.integers(60, 200),
    path=st.text("abc/", max_size=300),
    rule=st.sampled_from(["", "rate_limits/each", "access/a-very-long-name-of-a-rule-that-is"]),
    shadow=st.lists(st.sampled_from(["rate_limits/ghost", "access/ghost"]), max_size=3),
)
def test_no_line_is_wider_than_the_terminal(
    width: int, path: str, rule: str, shadow: list[str]
) -> None:
    record = make_record(target=b"/" + path.encode(), rule=rule, shadow=tuple(shadow))
    assert tap_line(decision_of(record), width).cell_len <= width


def test_what_was_lost() -> None:
    assert "7 more" in lost_line(7).plain
