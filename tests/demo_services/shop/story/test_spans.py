from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from demo_services.shop.story.spans import (
    entrance_statuses,
    events_of,
    faults,
    orphans,
    resends,
    servers,
    spans_below,
)
from tests.traces.documents import TRACE, event_document, span_document


def _documents(**parents: str) -> list[dict[str, Any]]:
    """Two services; the second is asked twice. ``parents`` change who stands above a span."""
    status: dict[str, Any] = {"http__response__status_code": 503}
    again: dict[str, Any] = {"http__request__resend_count": 1}
    asked = {"a1": "", "a2": "a1", "a3": "a2", "a4": "a3", "a5": "a3", "b1": "a5"} | parents
    return [
        span_document("web", "POST", "a1", asked["a1"], **status),
        span_document("web", "POST app", "a2", asked["a2"], kind="Client"),
        span_document("web", "GET", "a3", asked["a3"], kind="Internal"),
        span_document("web", "GET next", "a4", asked["a4"], kind="Client"),
        span_document("web", "GET next", "a5", asked["a5"], kind="Client", **again),
        span_document("next", "GET", "b1", asked["b1"], **status),
        event_document("sidecar.breaker", "a3"),
    ]


def _written(folder: Path, documents: list[dict[str, Any]]) -> Path:
    inner = folder / "web"
    inner.mkdir()
    lines = b"\n".join(msgspec.json.encode(document) for document in documents)
    (inner / "traces-1.ndjson").write_bytes(lines + b'\n{"trace_id": "to be contin')
    return folder


def test_a_trace_that_is_right(tmp_path: Path) -> None:
    found = spans_below(_written(tmp_path, _documents()))
    [spans] = found.values()
    assert list(found) == [TRACE]
    assert faults(spans) == []
    assert orphans(spans) == 0
    assert servers(spans) == {"web", "next"}
    assert resends(spans) == [1]
    assert events_of(spans) == {"sidecar.breaker"}
    assert entrance_statuses(found, "web") == {503: 1}
    assert entrance_statuses(found, "other") == {}


def test_no_folder_is_no_traces(tmp_path: Path) -> None:
    assert spans_below(tmp_path / "none") == {}


def _faults(folder: Path, **parents: str) -> list[str]:
    [spans] = spans_below(_written(folder, _documents(**parents))).values()
    return faults(spans)


def test_a_parent_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert _faults(tmp_path, b1="gone") == ["next server GET: its parent is not there"]


def test_a_second_root_is_a_fault(tmp_path: Path) -> None:
    assert _faults(tmp_path, a3="") == ["2 spans have no parent"]


def test_a_span_below_one_that_it_does_not_belong_to_is_a_fault(tmp_path: Path) -> None:
    assert _faults(tmp_path, b1="a3") == ["next server GET: its parent is web internal GET"]


def test_an_id_that_is_there_twice_is_a_fault(tmp_path: Path) -> None:
    documents = [*_documents(), span_document("next", "GET", "b1", "a5")]
    [spans] = spans_below(_written(tmp_path, documents)).values()
    assert faults(spans) == ["two spans have the same id"]
