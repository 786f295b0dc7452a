"""Indices of a day are created once, with the mappings that the cluster can have."""

from __future__ import annotations

import json

import pytest
from elasticsearch import ApiError

from sidecar.elastic.mappings import mappings, settings
from sidecar.export.daily_index import DailyIndices
from sidecar.export.documents import Documents
from tests.elastic.scripted_node import Answer, Asked, Scripted, error
from tests.export.samples import RESOURCE, SPANS

_SPAN = Documents(RESOURCE, "shop").spans(SPANS)[0]
_CREATED = Answer(200, {"acknowledged": True})


def test_an_index_is_created_once() -> None:
    scripted, daily = Scripted(lambda _asked: _CREATED), DailyIndices()

    assert daily.prepare(scripted.client(), _SPAN)
    assert daily.prepare(scripted.client(), _SPAN)

    [asked] = scripted.asked
    assert (asked.method, asked.target) == ("PUT", "/traces-governance.otel-shop-2026.01.12")
    assert json.loads(asked.body) == {
        "mappings": json.loads(json.dumps(mappings("traces"))),
        "settings": settings(),
    }


def test_what_the_cluster_lacks_is_left_out() -> None:
    lacking = ["version", "constant_keyword", "index.mapping.ignore_malformed"]

    def script(asked: Asked) -> Answer:
        for name in lacking:
            if name in asked.body.decode().replace('"version":{', ""):
                reason = f"The mapper type [{name}] declared on field [x] does not exist."
                if "." in name:
                    reason = f"unknown setting [{name}] please check"
                return error(400, "mapper_parsing_exception", reason)
        return _CREATED

    scripted = Scripted(script)

    assert DailyIndices().prepare(scripted.client(), _SPAN)
    assert len(scripted.asked) == 4


def test_one_that_is_there_is_fine_and_a_stream_is_better() -> None:
    there = error(400, "resource_already_exists_exception", "index [x] already exists")
    assert DailyIndices().prepare(Scripted(lambda _asked: there).client(), _SPAN)

    stream = error(400, "illegal_argument_exception", "template [y] that creates data streams only")
    assert not DailyIndices().prepare(Scripted(lambda _asked: stream).client(), _SPAN)


@pytest.mark.parametrize(
    "answer",
    [
        error(403, "security_exception", "unauthorized"),
        error(400, "validation_exception", "this cluster has the maximum of shards open"),
        error(400, "mapper_parsing_exception", "mapper type [keyword] declared on field [x]"),
    ],
)
def test_other_trouble_is_raised_and_it_is_tried_anew_the_next_time(answer: Answer) -> None:
    scripted, daily = Scripted(lambda _asked: answer), DailyIndices()

    for _ in range(2):
        with pytest.raises(ApiError):
            daily.prepare(scripted.client(), _SPAN)
    assert len(scripted.asked) == 2


def test_a_cluster_that_keeps_saying_the_same_is_not_asked_forever() -> None:
    answer = error(400, "mapper_parsing_exception", "mapper type [version] declared on field [x]")
    scripted = Scripted(lambda _asked: answer)

    with pytest.raises(ApiError):
        DailyIndices().prepare(scripted.client(), _SPAN)
    assert len(scripted.asked) == 2
