from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sidecar.commands.reaching import Running, Unreachable
from sidecar.commands.remembered import RememberedStore
from sidecar.telemetry.clock import wall_offset
from sidecar.telemetry.record import ExchangeRecord, Keep, Try
from sidecar.traces.trace import Operation, Wanted
from tests.commands.beside import Beside, sidecar_beside
from tests.commands.invoking import invoked
from tests.telemetry.records import make_record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRY = b"b7ad6b7169203331"
ABOVE = make_record(
    seconds=0.5, kept=Keep.ERROR,
    tries=(Try(TRY, 100.3, 100.7, "app", "127.0.0.1:9000", 503, ""),),
)  # fmt: skip
BELOW = make_record(
    started=100.4, seconds=0.2, span_id=b"00000000000000bb", parent_id=TRY, kept=Keep.ERROR,
    status=503, reason="connect_failure",
)  # fmt: skip
ALWAYS = Wanted(start=0, end=2**62)


def feed(beside: Beside, *records: ExchangeRecord) -> RememberedStore:
    beside.do(lambda running: running.inside.decisions.feed(records))
    return RememberedStore([Running(beside.socket)])


def test_what_sidecars_know_is_put_together(beside: Beside) -> None:
    with sidecar_beside() as other:
        feed(beside, ABOVE)
        feed(other, BELOW)
        store = RememberedStore([Running(beside.socket), Running(other.socket)])
        trace = store.trace(TRACE)
        assert trace is not None
        spans = {span.span_id: span for span in trace.spans}
        assert len(spans) == 3
        assert spans["00000000000000bb"].parent_id == TRY.decode()
        assert store.named("4bf92f") == [TRACE]
        assert store.named(TRY.decode()) == [TRACE]
        assert [len(one.spans) for one in store.search(ALWAYS)] == [3]


def test_a_span_as_it_was_told(beside: Beside) -> None:
    trace = feed(beside, ABOVE).trace(TRACE)
    assert trace is not None
    first, second = trace.spans
    assert abs(first.start / 1e9 - wall_offset() - 100.25) < 0.01
    assert (first.duration, second.duration) == (500_000_000, 400_000_000)
    # Each is rounded to a microsecond by itself.
    assert abs(second.start - first.start - 50_000_000) <= 1_000
    assert (first.kind, first.service, first.scope) == ("server", "shop", "sidecar")
    assert second.status == "error"
    assert second.attributes["server.port"] == 9000


def test_names_and_what_is_searched_for(beside: Beside) -> None:
    later = make_record(started=200.0, trace_id=b"c" * 32, span_id=b"c" * 16)
    store = feed(beside, ABOVE, later)
    assert store.services() == ["shop"]
    assert store.operations("shop") == [Operation("GET orders", "server")]
    assert store.operations("other") == []
    assert [one.trace_id for one in store.search(ALWAYS)] == ["c" * 32, TRACE]
    wanted = Wanted(start=0, end=2**62, limit=1)
    assert [one.trace_id for one in store.search(wanted)] == ["c" * 32]
    wanted = Wanted(start=0, end=2**62, tags={"error": "true"})
    assert [one.trace_id for one in store.search(wanted)] == [TRACE]
    assert store.trace("f" * 32) is None


@pytest.mark.parametrize(
    "change",
    [{"service": "other"}, {"shortest": 600_000_000}, {"start": 2**62 - 1}, {"end": 1}],
    ids=lambda change: next(iter(change)),
)
def test_a_trace_is_not_asked_for_that_cannot_be_meant(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """Each is asked for of every sidecar, and there may be thousands."""
    store = feed(beside, ABOVE)
    asked: list[str] = []
    ask = Running.ask

    def noted(running: Running, path: str, kind: type[Any], **query: str) -> Any:
        asked.append(path)
        return ask(running, path, kind, **query)

    monkeypatch.setattr(Running, "ask", noted)
    assert [one.trace_id for one in store.search(ALWAYS)] == [TRACE]
    assert asked == ["/v1/traces", f"/v1/traces/{TRACE}"]
    asked.clear()
    assert store.search(msgspec.structs.replace(ALWAYS, **change)) == []
    assert asked == ["/v1/traces"]


@pytest.mark.parametrize("newer", [0, 499, 500, 600])
def test_a_trace_is_found_of_which_a_busy_one_knows_more_than_it_lists(
    beside: Beside, newer: int
) -> None:
    """The 500 that it lists are the latest; others list the trace, though it was quick there."""
    quick = make_record(started=100.0, seconds=0.01, trace_id=TRACE.encode(), kept=Keep.SLOW)
    slow = make_record(
        started=100.0, seconds=2.0, trace_id=TRACE.encode(), span_id=b"b" * 16, kept=Keep.SLOW
    )
    later = [
        make_record(
            started=200.0 + number, seconds=0.01,
            trace_id=b"%032x" % (number + 1), span_id=b"%016x" % (number + 1),
        )
        for number in range(newer)
    ]  # fmt: skip
    with sidecar_beside() as busy:
        feed(beside, quick)
        feed(busy, slow, *later)
        store = RememberedStore([Running(beside.socket), Running(busy.socket)])
        for service in ("", "shop"):
            wanted = msgspec.structs.replace(ALWAYS, service=service, shortest=1_000_000_000)
            assert [one.trace_id for one in store.search(wanted)] == [TRACE]


def test_one_that_has_ended_meanwhile_is_passed_over(beside: Beside) -> None:
    feed(beside, ABOVE)
    gone = Running("/nowhere/admin.sock")
    assert RememberedStore([gone, Running(beside.socket)]).trace(TRACE) is not None
    with pytest.raises(Unreachable):
        RememberedStore([gone]).trace(TRACE)


def test_a_trace_of_a_running_sidecar_is_drawn(beside: Beside) -> None:
    feed(beside, ABOVE, BELOW)
    status, output = invoked("trace", "00000000000000bb")
    assert status == 0, output
    assert f"trace {TRACE}\n" in output
    assert "kept for: error" in output
    assert "└ → GET app 127.0.0.1:9000" in output
    assert "connect_failure" in output
    status, output = invoked("trace", "ffffff")
    assert status == 1
    assert "no trace ffffff is remembered by a sidecar that runs here" in output
    status, output = invoked("traces", "list", "--since", "30000d")
    assert status == 0
    assert "shop GET orders" in output
