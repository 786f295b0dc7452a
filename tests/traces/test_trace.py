from __future__ import annotations

import pytest

from sidecar.traces.trace import StoredSpan, Unanswered, Wanted, as_text, cut_note, fits, fits_tag

SPAN = StoredSpan(
    trace_id="1" * 32, span_id="2" * 16, name="GET orders", kind="server", start=100, end=150,
    status="error", attributes={"http.response.status_code": 503, "a": True},
    resource={"service.name": "order", "host.name": "one"},
)  # fmt: skip
QUIET = StoredSpan(trace_id="1" * 32, span_id="3" * 16, name="GET", start=100, end=150)


def test_who_speaks_and_for_how_long() -> None:
    assert (SPAN.service, SPAN.duration) == ("order", 50)
    assert QUIET.service == "unknown"


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("error", "true", True),
        ("error", "false", False),
        ("span.kind", "server", True),
        ("otel.status_code", "ERROR", True),
        ("http.response.status_code", "503", True),
        ("http.response.status_code", "50", False),
        ("a", "true", True),
        ("host.name", "one", True),
        ("b", "", False),
    ],
)
def test_tags(name: str, value: str, expected: bool) -> None:
    assert fits_tag(SPAN, name, value) is expected


def test_what_did_not_fail_can_be_asked_for() -> None:
    assert fits_tag(QUIET, "error", "false")


@pytest.mark.parametrize(
    "changed, expected",
    [
        ({}, True),
        ({"service": "order", "operation": "GET orders", "tags": {"error": "true"}}, True),
        ({"service": "web"}, False),
        ({"operation": "GET"}, False),
        ({"tags": {"error": "false"}}, False),
        ({"start": 101}, False),
        ({"end": 99}, False),
        ({"shortest": 50, "longest": 50}, True),
        ({"shortest": 51}, False),
        ({"longest": 49}, False),
    ],
)
def test_all_of_what_is_wanted_is_true_of_one_span(
    changed: dict[str, object], expected: bool
) -> None:
    wanted = Wanted(**{"start": 0, "end": 1000, **changed})  # type: ignore[arg-type] # a table
    assert fits(SPAN, wanted) is expected


@pytest.mark.parametrize(
    "value, text", [("a", "a"), (True, "true"), (1.5, "1.5"), (["a", 2], "a, 2"), (None, "None")]
)
def test_values_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


def test_sentences() -> None:
    assert "50000 spans: the first 10 " in cut_note(10, 50000)
    assert Unanswered("x").in_time
    assert not Unanswered("x", in_time=False).in_time
