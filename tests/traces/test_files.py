from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sidecar.traces.files import FileStore
from sidecar.traces.trace import Operation, Wanted
from tests.traces.documents import MIDNIGHT, SHOP, TRACE, event_document, span_document, write

HOUR = 3600 * 10**9
ALWAYS: dict[str, Any] = {"start": MIDNIGHT - HOUR, "end": MIDNIGHT + HOUR}


def numbered(number: int) -> dict[str, Any]:
    return span_document("web", "GET", f"{number:016x}", trace_id=f"{number:032x}", at_ms=number)


def test_a_trace_comes_together_from_all_files(tmp_path: Path) -> None:
    below = tmp_path / "order"
    below.mkdir()
    write(tmp_path, [*SHOP[:3], numbered(7)])
    write(below, [*SHOP[3:], event_document("e", "000000000000000a")], "logs.ndjson")
    (tmp_path / "notes.json").write_text("{\n  not ours 4bf92f3577b34da6a3ce929d0e0e4736\n")
    trace = FileStore(tmp_path).trace(TRACE)
    assert trace is not None
    assert len(trace.spans) == 8
    assert trace.spans[0].events[0].name == "e"
    assert FileStore(tmp_path).trace("f" * 32) is None


def test_an_id_that_only_stands_in_an_attribute_is_no_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, [span_document("web", "GET", "a" * 16, trace_id="e" * 32, about=TRACE)])
    assert FileStore(tmp_path).trace(TRACE) is None


def test_names(tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    store = FileStore(tmp_path)
    assert store.services() == ["inventory", "order", "web"]
    assert store.operations("inventory") == [Operation("GET stock", "server")]
    assert store.operations("nobody") == []


def test_the_latest_traces_with_all_of_their_spans(tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    write(tmp_path, [numbered(number) for number in range(1, 100)], "more.ndjson")
    found = FileStore(tmp_path).search(Wanted(service="web", limit=3, **ALWAYS))
    assert [trace.trace_id[-2:] for trace in found] == ["63", "62", "61"]
    found = FileStore(tmp_path).search(Wanted(service="inventory", **ALWAYS))
    assert [len(trace.spans) for trace in found] == [8]
    wanted = Wanted(service="order", tags={"error.type": "connect_failure"}, **ALWAYS)
    assert [trace.trace_id for trace in FileStore(tmp_path).search(wanted)] == [TRACE]
    assert FileStore(tmp_path).search(Wanted(service="web", start=0, end=MIDNIGHT - 1)) == []


def test_files_that_are_older_than_what_is_wanted_are_not_opened(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    os.utime(path, ns=(MIDNIGHT - 2 * HOUR, MIDNIGHT - 2 * HOUR))
    assert FileStore(tmp_path).search(Wanted(**ALWAYS)) == []


def test_a_name_that_json_writes_otherwise_is_found(tmp_path: Path) -> None:
    write(tmp_path, [span_document('the "best"', "GET", "a" * 16)])
    assert len(FileStore(tmp_path).search(Wanted(service='the "best"', **ALWAYS))) == 1


def test_ids_by_how_they_begin(tmp_path: Path) -> None:
    write(tmp_path, [*SHOP, *(numbered(number) for number in range(1, 30))])
    store = FileStore(tmp_path)
    assert store.named("4bf92f") == [TRACE]
    assert store.named("00000000000000000000000000000001") == [f"{1:032x}"]
    assert len(store.named("000000")) == 6
    assert store.named("ffffff") == []


def test_of_a_large_trace_the_beginning_is_shown(tmp_path: Path) -> None:
    write(tmp_path, [span_document("web", "GET", f"{number:016x}") for number in range(12_000)])
    store = FileStore(tmp_path)
    trace = store.trace(TRACE)
    assert trace is not None
    assert len(trace.spans) == 10_000
    assert trace.notes[0].startswith("the trace has 12000 spans")
    [found] = store.search(Wanted(**ALWAYS))
    assert len(found.spans) == 10_000
