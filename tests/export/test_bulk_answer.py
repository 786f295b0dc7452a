"""What answers say of each document, and what is no answer at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.bulk_answer import NoAnswerError, judge

_KINDS = ("document_parsing_exception", "timestamp_error", "es_rejected_execution_exception", "")
_REASONS = ("_id must be unset or set to [x]", "requires a data stream", "busy", "")


def _item(status: int, kind: str = "", reason: str = "") -> dict[str, Any]:
    wrong = {"error": {"type": kind, "reason": reason}} if kind else {}
    return {"create": {"status": status, **wrong}}


@given(
    st.lists(
        st.builds(
            _item,
            st.sampled_from([200, 201, 400, 401, 403, 404, 409, 413, 429, 500, 503]),
            st.sampled_from(_KINDS),
            st.sampled_from(_REASONS),
        ),
        max_size=8,
    )
)
def test_every_document_gets_one_verdict_and_only_success_gets_none(
    items: list[dict[str, Any]],
) -> None:
    verdicts = judge({"errors": True, "items": items}, len(items))

    named = [*verdicts.refused, *verdicts.again, *verdicts.streamless, *verdicts.unnamed]
    statuses = [item["create"]["status"] for item in items]
    failed = [place for place, status in enumerate(statuses) if status not in {200, 201, 409}]
    assert sorted(named) == failed
    assert all(statuses[place] >= 500 or statuses[place] in {401, 403, 429}
               for place in verdicts.again)  # fmt: skip
    assert bool(verdicts.error) == bool(verdicts.refused or verdicts.again)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        b"bytes",
        [],
        {},
        {"items": None},
        {"items": []},
        {"items": [None]},
        {"items": [{}]},
        {"items": [{"create": {}}]},
        {"items": [{"create": {"status": "fine"}}]},
        {"items": [{"create": {"status": 201}}, {"create": {"status": 201}}]},
        {"items": [{"create": {"status": 201}, "index": {"status": 201}}]},
        {"items": [{"create": {"status": 400, "error": "text"}}]},
    ],
)
def test_what_is_no_answer_to_one_document_is_told(answer: Any) -> None:
    with pytest.raises(NoAnswerError):
        judge(answer, 1)


@pytest.mark.parametrize(
    "reason",
    [
        "no such index [x] and the index creation request requires a data stream, but no matching",
        "no such index [x] and [require_data_stream] request flag is [true] and [x] is not a data",
    ],
)
def test_a_missing_stream_is_known_by_what_is_said_of_it(reason: str) -> None:
    item = _item(404, "index_not_found_exception", reason)

    assert judge({"items": [item]}, 1).streamless == [0]


def test_a_long_reason_is_cut() -> None:
    item = _item(400, "document_parsing_exception", "x" * 1000)

    assert len(judge({"items": [item]}, 1).error) == 300
