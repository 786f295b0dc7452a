"""The form that documents are sent in follows what the cluster has said of each stream."""

from __future__ import annotations

import msgspec
import pytest

from sidecar.export.bulk_form import STREAMLESS_SECONDS, BulkForm, dated_index
from sidecar.export.documents import Documents
from sidecar.export.item import Item, Signal
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS

_DOCUMENTS = Documents(RESOURCE, "shop")
_SPAN = _DOCUMENTS.spans(SPANS)[0]
_LOG = _DOCUMENTS.logs(LOGS)[0]
_METRIC = _DOCUMENTS.metrics(METRICS)[0]


@pytest.mark.parametrize("item", [_SPAN, _LOG, _METRIC])
def test_as_long_as_nothing_is_known_documents_go_as_they_are(item: Item) -> None:
    assert BulkForm().data(item, 0.0) is item.data


def test_without_a_stream_a_document_goes_to_the_index_of_its_own_day() -> None:
    form = BulkForm()
    form.streamless(_SPAN, 0.0)

    action, source = form.data(_SPAN, STREAMLESS_SECONDS).splitlines(keepends=True)

    assert msgspec.json.decode(action) == {
        "create": {
            "_index": "traces-governance.otel-shop-2026.01.12",
            "_id": _SPAN.id,
            "require_data_stream": False,
        }
    }
    assert source == _SPAN.source
    assert form.data(_LOG, 0.0) is _LOG.data


def test_a_stream_is_asked_for_again_after_a_while_and_when_it_is_there() -> None:
    form = BulkForm()
    form.streamless(_SPAN, 0.0)
    assert form.data(_SPAN, STREAMLESS_SECONDS + 1) is _SPAN.data

    form.streamless(_SPAN, 0.0)
    form.has_stream(_SPAN)
    assert form.data(_SPAN, 0.0) is _SPAN.data


def test_a_stream_that_makes_its_own_ids_gets_none() -> None:
    form = BulkForm()
    form.unnamed(_METRIC)

    action = msgspec.json.decode(form.data(_METRIC, 0.0).splitlines()[0])["create"]
    assert [*action] == ["_index", "dynamic_templates"]
    assert form.data(_SPAN, 0.0) is _SPAN.data


def test_the_index_of_a_metric_is_told_by_its_number() -> None:
    assert dated_index(_METRIC) == "metrics-governance.otel-shop-2026.01.12"


def test_what_has_no_time_or_no_name_still_has_an_index() -> None:
    assert dated_index(Item(Signal.LOGS, "", b"{}\n{}\n")) == "-1970.01.01"
