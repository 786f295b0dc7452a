"""Whatever a cluster answers, everything that it can take is there in the end, and there once."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

from elastic_transport import ConnectionError as NotConnectedError
from elastic_transport import ConnectionTimeout
from hypothesis import given
from hypothesis import strategies as st

from sidecar.export.documents import Documents
from sidecar.export.elasticsearch import ElasticsearchBackend
from sidecar.export.item import Item
from sidecar.export.settings import ElasticsearchSettings, SpoolSettings
from tests.elastic.scripted_node import Answer, Asked, Scripted, error
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS

_DOCUMENTS = Documents(RESOURCE, "shop")
_ITEMS = _DOCUMENTS.spans(SPANS) + _DOCUMENTS.logs(LOGS) + _DOCUMENTS.metrics(METRICS)
_SERIES = "metrics-governance.otel-shop"
_DELIVERIES = 200

_FAULTS = (
    NotConnectedError("refused"),
    ConnectionTimeout("slow"),
    Answer(502, b"<html>"),
    error(429, "es_rejected_execution_exception", "busy"),
    error(401, "security_exception", "who are you"),
    Answer(200, b"garbage"),
    Answer(413, b"too large"),
)


class _Cluster:
    """Takes each document once, and fails by chance: before it takes some, after, or in part."""

    def __init__(self, chance: Random, poison: frozenset[str], *, has_templates: bool) -> None:
        self.there: Counter[str] = Counter()
        self._chance = chance
        self._poison = poison
        self._has_templates = has_templates
        self.is_well = False

    def __call__(self, asked: Asked) -> Answer | Exception:
        fails = not self.is_well and self._chance.random() < 0.5
        fault = self._chance.choice(_FAULTS)
        takes_first = isinstance(fault, Exception) or fault.status == 200
        if fails and not (takes_first and self._chance.random() < 0.5):
            return fault
        answer = self._take(asked)
        return fault if fails else answer

    def _take(self, asked: Asked) -> Answer:
        if asked.method == "PUT":
            return Answer(200, {"acknowledged": True})
        lines = asked.lines
        pairs = zip(lines[::2], lines[1::2], strict=True)
        items = [self._one(action["create"], source) for action, source in pairs]
        return Answer(200, {"errors": True, "items": items})

    def _one(self, wanted: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
        if wanted.get("require_data_stream", True) and not self._has_templates:
            return _no(404, "index_not_found_exception", "it requires a data stream")
        if self._has_templates and wanted["_index"] == _SERIES and "_id" in wanted:
            return _no(400, "document_parsing_exception", "_id must be unset or set to [x]")
        if not self.is_well and self._chance.random() < 0.3:
            return _no(429, "es_rejected_execution_exception", "busy")
        name = _identity(source)
        if name in self._poison:
            return _no(400, "document_parsing_exception", "no such field")
        if self.there[name]:
            return _no(409, "version_conflict_engine_exception", "already exists")
        self.there[name] += 1
        return {"create": {"status": 201}}


def _no(status: int, kind: str, reason: str) -> dict[str, Any]:
    return {"create": {"status": status, "error": {"type": kind, "reason": reason}}}


def _identity(source: dict[str, Any]) -> str:
    return json.dumps(source, sort_keys=True)


def _source(item: Item) -> str:
    return _identity(json.loads(item.source))


@given(
    st.randoms(use_true_random=False),
    st.sets(st.sampled_from(range(len(_ITEMS)))),
    st.booleans(),
)
def test_everything_that_can_be_taken_is_there_once(
    chance: Random, poison: set[int], has_templates: bool
) -> None:
    names = [_source(item) for item in _ITEMS]
    poisoned = frozenset(names[place] for place in poison)
    cluster = _Cluster(chance, poisoned, has_templates=has_templates)
    scripted = Scripted(cluster)
    backend = ElasticsearchBackend(
        ElasticsearchSettings(("http://es",), SpoolSettings("/x")), lambda: 0.0,
        lambda _settings: scripted.client(),
    )  # fmt: skip
    waiting = [*_ITEMS]
    refused: list[str] = []

    for turn in range(_DELIVERIES):
        cluster.is_well = turn > _DELIVERIES // 2
        half = len(waiting) // 2 or len(waiting)
        piece, rest = waiting[:half], waiting[half:]
        delivery = backend.deliver(piece)
        assert set(delivery.refused).isdisjoint(delivery.again)
        refused += [_source(piece[place]) for place in delivery.refused]
        again = piece if delivery.split else [piece[place] for place in delivery.again]
        waiting = [*rest, *again]
        if not waiting:
            break

    assert waiting == []
    assert Counter(refused) == Counter(name for name in names if name in poisoned)
    assert cluster.there == Counter({name: 1 for name in names if name not in poisoned})
