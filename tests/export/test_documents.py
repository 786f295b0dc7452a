"""What is told becomes the documents of the golden files, field by field."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.documents import Documents
from sidecar.export.item import Item, Signal
from sidecar.telemetry.signals import LogRecord, Span, SpanKind
from tests.export.samples import LOGS, METRICS, MOMENT, RESOURCE, SPANS, golden

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES = (
    _NAMES
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(_NAMES, max_size=3)
)


def _read(items: list[Item]) -> list[dict[str, Any]]:
    return [
        {"action": msgspec.json.decode(action), "source": msgspec.json.decode(source)}
        for action, source in (item.data.splitlines() for item in items)
    ]


def _documents() -> Documents:
    return Documents(RESOURCE, "shop")


@pytest.mark.parametrize("name", ["spans", "logs", "metrics"])
def test_documents_are_those_of_the_golden_files(name: str) -> None:
    signals = {"spans": SPANS, "logs": LOGS, "metrics": METRICS}[name]

    items = getattr(_documents(), name)(signals)

    assert _read(items) == golden(name)


def test_an_item_has_the_id_of_its_document_and_says_what_it_is() -> None:
    items = _documents().spans(SPANS)

    assert [item.id for item in items] == [
        document["action"]["create"]["_id"] for document in golden("spans")
    ]
    assert [item.signal for item in items] == [
        Signal.TRACES,
        Signal.LOGS,
        Signal.LOGS,
        Signal.TRACES,
    ]


def test_the_same_told_again_has_the_same_ids() -> None:
    def told() -> list[Item]:
        documents = _documents()
        return documents.spans(SPANS) + documents.logs(LOGS) + documents.metrics(METRICS)

    assert told() == told()


def test_all_ids_are_different_those_of_two_equal_events_of_a_span_too() -> None:
    documents = _documents()
    items = documents.spans(SPANS) + documents.logs(LOGS) + documents.metrics(METRICS)

    assert len({item.id for item in items}) == len(items)


def test_what_is_no_text_is_told_as_it_can_be_written() -> None:
    attributes = {"\udce9": ["\ud800", "b"], "n": 1}
    broken = msgspec.structs.replace(LOGS[1], body="\ud800", attributes=attributes)

    _, item, _ = _documents().logs([LOGS[0], broken, LOGS[2]])

    document = json.loads(item.source)
    assert document["body"] == {"text": "\\ud800"}
    assert document["attributes"]["\\udce9"] == ["\\ud800", "b"]


@given(
    attributes=st.dictionaries(_NAMES, _VALUES, max_size=4),
    body=_NAMES,
    event=st.sampled_from(["", "sidecar.request"]),
)
def test_any_log_record_is_two_lines_and_no_field_is_nameless(
    attributes: dict[str, Any], body: str, event: str
) -> None:
    [item] = _documents().logs([LogRecord(MOMENT, MOMENT, "INFO", event, body, attributes)])

    assert item.data.count(b"\n") == 2
    assert item.data.endswith(b"}\n")
    [read] = _read([item])
    found = read["source"].get("attributes", {})
    assert event or all(name.strip() for name in found)
    assert read["source"].get("body", {"text": ""})["text"] == body
    for name, value in attributes.items():
        if name.strip() or event:
            assert found[name] == value


@given(start=st.integers(0, 2**63), length=st.integers(0, 10**12))
def test_a_span_keeps_its_times_to_the_nanosecond(start: int, length: int) -> None:
    span = Span("a" * 32, "b" * 16, "", "", 1, "GET x", SpanKind.SERVER, start, start + length, {})

    [item] = _documents().spans([span])

    source = msgspec.json.decode(item.source)
    milliseconds, fraction = source["@timestamp"].split(".")
    assert int(milliseconds) * 10**6 + int(fraction.ljust(6, "0")) == start
    assert source["duration"] == length
