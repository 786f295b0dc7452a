from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sidecar.export.frames import Records
from sidecar.export.making import Worth
from sidecar.telemetry.record import Keep
from tests.telemetry.exchanges import FALLBACK, SORTS
from tests.telemetry.records import make_record


@pytest.mark.parametrize(
    "changes,spans,events",
    [
        ({}, 0, []),
        ({"kept": Keep.SAMPLED}, 1, []),
        ({"status": 502, "reason": "no_endpoint"}, 0, ["sidecar.request"]),
        ({"status": 502, "kept": Keep.ERROR}, 1, ["sidecar.request"]),
        (
            {"fallback": "fallbacks/menu", "reason": "no_endpoint", "applied": FALLBACK.applied},
            0,
            ["sidecar.request", "sidecar.decision"],
        ),
    ],
)
def test_what_is_told_of_a_request(changes: dict[str, Any], spans: int, events: list[str]) -> None:
    worth = Worth(0.0, decisions=True)
    record = make_record(**changes)
    found = worth.made(Records(1.6e9, [record]))
    assert len(found[0]) == spans
    assert [one.event_name for one in found[1]] == events
    assert worth.is_worth(record) == bool(spans or events)


@pytest.mark.parametrize("name", SORTS)
@pytest.mark.parametrize("access", [0.0, 1.0])
@pytest.mark.parametrize("decisions", [True, False])
@pytest.mark.parametrize("kept", [Keep.NOT, Keep.ERROR])
def test_whoever_is_not_worth_it_has_nothing_to_tell(
    name: str, access: float, decisions: bool, kept: Keep
) -> None:
    record = SORTS[name]
    record = msgspec.structs.replace(record, kept=kept)
    worth = Worth(access, decisions=decisions)
    spans, logs = worth.made(Records(1.6e9, [record]))
    assert bool(spans) == (kept is not Keep.NOT and bool(record.trace_id))
    assert decisions or all(one.event_name == "sidecar.request" for one in logs)
    assert worth.is_worth(record) or not (spans or logs)


def test_a_share_of_requests_is_logged() -> None:
    worth = Worth(0.25, decisions=True)
    ids = [b"%032x" % (number * 0x0123456789ABCDEF % 2**128) for number in range(1, 2001)]
    logged = [one for one in ids if worth.is_worth(make_record(trace_id=one))]
    assert 350 < len(logged) < 650
