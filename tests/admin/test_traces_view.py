from __future__ import annotations

import time

import pytest

from sidecar.admin.refusal import Refused
from sidecar.admin.telling import wanted_by
from sidecar.admin.traced import TraceAnswer, TraceList
from sidecar.admin.traces_view import summaries, trace_answer, traced_by, traces_named
from sidecar.telemetry.record import Keep, Try
from tests.admin.running import Client, Running, as_told
from tests.telemetry.records import make_record

TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
INBOUND = make_record(
    started=100.0, seconds=0.5, kept=Keep.BELOW, method="POST",
    tries=(Try(b"b7ad6b7169203331", 100.1, 100.49, "app", "127.0.0.1:9000", 200, ""),),
)  # fmt: skip
OUTBOUND = make_record(
    started=100.2, seconds=0.2, span_id=b"00f067aa0ba902b8", parent_id=b"b7ad6b7169203331",
    listener="outbound", route="stock", status=503, reason="connect_failure", kept=Keep.ERROR,
)  # fmt: skip
LATER = make_record(
    started=200.0, trace_id=OTHER, span_id=b"00f067aa0ba902b9", status=429,
    reason="rate_limited", rule="rate_limits/each",
)  # fmt: skip


def listed(running: Running, **query: str) -> list[str]:
    found = summaries(running.inside, traced_by(query, wanted_by(query)), 100)
    return [one.id for one in found]


@pytest.fixture
def fed(running: Running) -> Running:
    running.inside.decisions.feed([OUTBOUND, INBOUND, LATER, make_record(trace_id=b"")])
    return running


def test_requests_of_one_trace_stand_together(fed: Running) -> None:
    latest, first = summaries(fed.inside, wanted_by({}), 100)
    assert (latest.id, latest.status, latest.kept) == (OTHER.decode(), 429, "")
    assert (first.id, first.spans, first.seconds) == (TRACE.decode(), 3, 0.5)
    assert (first.name, first.kind, first.service) == ("POST orders", "server", "shop")
    assert first.decision == "00f067aa0ba902b7"
    assert abs(first.start.timestamp() - 100 - (time.time() - time.monotonic())) < 1  # noqa: TID251 - it is the clock that is looked at
    assert len(summaries(fed.inside, wanted_by({}), 1)) == 1


@pytest.mark.parametrize(
    "query, expected",
    [
        ({}, [OTHER, TRACE]),
        ({"id": "4BF92f"}, [TRACE]),
        ({"id": "00f067aa0ba902b9"}, [OTHER]),
        ({"id": "b7ad6b"}, [TRACE]),
        ({"kept": "error"}, [TRACE]),
        ({"kept": "any"}, [TRACE]),
        ({"kept": "sampled"}, []),
        ({"status": "4xx"}, [OTHER]),
        ({"kept": "below", "status": "503"}, []),
        ({"outcome": "failed"}, [TRACE]),
    ],
)
def test_what_traces_are_asked_for_by(
    query: dict[str, str], expected: list[bytes], fed: Running
) -> None:
    assert listed(fed, **query) == [one.decode() for one in expected]


def test_a_word_that_keeps_nothing() -> None:
    with pytest.raises(Refused, match="kept=luck: write any or sampled or error"):
        traced_by({"kept": "luck"}, wanted_by({}))


def test_the_spans_of_a_trace(fed: Running) -> None:
    [records] = traces_named(fed.inside, b"00f067aa0ba902b7").values()
    trace = trace_answer(fed.inside, records)
    assert trace.id == TRACE.decode()
    assert [(one.id, one.parent_id, one.kind) for one in trace.spans] == [
        ("00f067aa0ba902b7", "", "server"),
        ("b7ad6b7169203331", "00f067aa0ba902b7", "client"),
        ("00f067aa0ba902b8", "b7ad6b7169203331", "internal"),
    ]
    assert [one.status for one in trace.spans] == ["", "", "error"]
    assert trace.spans[1].seconds == pytest.approx(0.39)
    assert trace.spans[2].attributes["sidecar.trace.kept"] == "error"
    assert (trace.speaker.service, trace.speaker.scope) == ("shop", "sidecar")


async def test_asked_over_the_api(fed: Running, admin: Client) -> None:
    answer = await admin.get("/v1/traces?kept=any")
    assert [one.id for one in as_told(await answer.read(), TraceList).traces] == [TRACE.decode()]
    for identity in (TRACE.decode(), "4BF92F", "00f067aa0ba902b8"):
        answer = await admin.get(f"/v1/traces/{identity}")
        assert len(as_told(await answer.read(), TraceAnswer).spans) == 3
    answer = await admin.get("/v1/traces/00f067")
    problem = await answer.json()
    assert (answer.status, problem["there_are"]) == (422, [TRACE.decode(), OTHER.decode()])
    answer = await admin.get("/v1/traces/ffffff")
    assert answer.status == 404
    assert "no trace ffffff is remembered: the last 2000" in (await answer.json())["detail"]
    assert (await admin.get("/v1/traces/fff")).status == 422
    assert fed.lost == []
