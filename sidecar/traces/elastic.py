"""Traces from the documents in Elasticsearch: data streams, or dated indices of the same names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import elasticsearch

from sidecar.elastic.connect import said
from sidecar.traces import elastic_queries as ask
from sidecar.traces.documents import Collected, document_of
from sidecar.traces.trace import (
    EVENTS_AT_MOST,
    FOUND_SPANS_AT_MOST,
    NAMED_AT_MOST,
    SPANS_AT_MOST,
    Operation,
    Trace,
    Unanswered,
    Wanted,
)

TRACES: Final = "traces-*.otel-*"
LOGS: Final = "logs-*.otel-*"
#: How long an answer may take; the cluster is told to stop a little earlier.
ANSWER_SECONDS: Final = 10.0
_STOP_AFTER: Final = "8s"
_NAMES_AT_MOST: Final = 1000
#: Names of fields are asked for again after so long.
_FIELDS_SECONDS: Final = 60.0
_TOTAL_AT_MOST: Final = 1_000_000
#: Indices that are not there are none that we miss.
_LENIENT: Final[Mapping[str, Any]] = {"ignore_unavailable": True, "allow_no_indices": True}


class ElasticStore:
    """Asks a cluster through the official client; nothing is written."""

    def __init__(
        self, client: elasticsearch.Elasticsearch, place: str, lookback_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``place`` names the cluster in sentences; names are those of the last so many seconds."""
        self._client = client
        self._place = place
        self._lookback = lookback_seconds
        self._now = now
        self._fields: tuple[float, ask.Fields] | None = None

    def services(self) -> list[str]:
        """Whoever has told spans lately, sorted."""
        fields = self._exact_fields()
        named = ask.terms(fields.service, _NAMES_AT_MOST)
        answer = self._search(TRACES, self._lately(), size=0, aggs={"named": named})
        return sorted(str(one["key"]) for one in _buckets(answer, "named"))

    def operations(self, service: str) -> list[Operation]:
        """What the spans of a service were called lately, sorted."""
        fields = self._exact_fields()
        kinds = ask.terms(fields.kind, NAMED_AT_MOST)
        named = {**ask.terms(fields.name, _NAMES_AT_MOST), "aggs": {"kinds": kinds}}
        query = self._lately({"term": {fields.service: service}})
        answer = self._search(TRACES, query, size=0, aggs={"named": named})
        return sorted(
            Operation(str(one["key"]), str(kind["key"]).lower())
            for one in _buckets(answer, "named")
            for kind in one["kinds"]["buckets"] or [{"key": ""}]
        )

    def trace(self, trace_id: str) -> Trace | None:
        """One trace with the events of its spans, as far as it has arrived."""
        fields = self._exact_fields()
        query = {"term": {fields.trace_id: trace_id}}
        answer = self._search(TRACES, query, size=SPANS_AT_MOST, sort=ask.EARLIEST_FIRST,
                              track_total_hits=_TOTAL_AT_MOST)  # fmt: skip
        collected = Collected(trace_id)
        _collect(collected, answer)
        if collected.there_are:
            events = ask.events_of(trace_id)
            _collect(collected, self._search(LOGS, events, size=EVENTS_AT_MOST,
                                             sort=ask.EARLIEST_FIRST))  # fmt: skip
        return collected.trace(_total(answer))

    def search(self, wanted: Wanted) -> list[Trace]:
        """The latest of the traces that are wanted, without the events of their spans."""
        ids = self._ids(ask.spans(self._exact_fields(), wanted), wanted.limit)
        if not ids:
            return []
        each = max(min(FOUND_SPANS_AT_MOST // len(ids), SPANS_AT_MOST), 1)
        searches: list[dict[str, Any]] = []
        for trace_id in ids:
            query = {"term": {self._exact_fields().trace_id: trace_id}}
            searches += [
                {"index": TRACES, **_LENIENT},
                {"query": query, "size": each, "sort": ask.EARLIEST_FIRST,
                 "timeout": _STOP_AFTER, "track_total_hits": _TOTAL_AT_MOST},
            ]  # fmt: skip
        with self._sentences():
            answers = self._client.msearch(searches=searches)["responses"]
        return [*_traces(ids, answers, each)]

    def named(self, beginning: str) -> list[str]:
        """The ids of traces that begin so, or have a span whose id does."""
        return self._ids(ask.named(self._exact_fields(), beginning), NAMED_AT_MOST)

    # --- asking

    def _ids(self, query: Mapping[str, Any], count: int) -> list[str]:
        """The traces of spans, the latest first."""
        collapse = {"field": self._exact_fields().trace_id}
        answer = self._search(TRACES, query, size=count, sort=ask.LATEST_FIRST,
                              collapse=collapse, source=["trace_id"])  # fmt: skip
        ids = (hit.get("_source", {}).get("trace_id") for hit in answer["hits"]["hits"])
        return [*dict.fromkeys(one for one in ids if isinstance(one, str))]

    def _search(self, index: str, query: Mapping[str, Any], **asked: Any) -> Any:
        with self._sentences():
            return self._client.search(
                index=index, query=query, timeout=_STOP_AFTER, **_LENIENT, **asked
            )

    def _lately(self, *more: Mapping[str, Any]) -> dict[str, Any]:
        since = int((self._now() - self._lookback) * 1000)
        return {"bool": {"filter": [ask.between(since, None), *more]}}

    def _exact_fields(self) -> ask.Fields:
        """The fields by which whole values are told; their names depend on who made the index."""
        now = self._now()
        if self._fields is None or not 0 <= now - self._fields[0] < _FIELDS_SECONDS:
            self._fields = (now, self._look_at_fields())
        return self._fields[1]

    def _look_at_fields(self) -> ask.Fields:
        try:
            answer = self._client.field_caps(index=TRACES, fields=[*ask.MAY_BE_EXACT], **_LENIENT)
        except elasticsearch.ApiError as error:
            if error.status_code in {401, 429}:
                raise Unanswered(self._said_no(error)) from error
            # Not everybody may ask for that: then they are as templates have them.
            return ask.Fields()
        except elasticsearch.TransportError as error:
            raise self._out_of_reach(error) from error
        return ask.exact_fields(answer["fields"])

    # --- sentences

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except elasticsearch.ApiError as error:
            raise Unanswered(self._said_no(error)) from error
        except elasticsearch.TransportError as error:
            raise self._out_of_reach(error) from error

    def _said_no(self, error: elasticsearch.ApiError) -> str:
        place, status = f"Elasticsearch at {self._place}", error.status_code
        if isinstance(error, elasticsearch.UnsupportedProductError):
            return f"what answers at {self._place} is not Elasticsearch"
        match status:
            case 401:
                return f"{place} does not believe us: give an API key, or a user and a password"
            case 403:
                return f"{place} does not let us read {TRACES} and {LOGS}: {said(error)}"
            case 429:
                return f"{place} has too much to do"
            case _:
                return f"{place} answered {said(error)}"

    def _out_of_reach(self, error: elasticsearch.TransportError) -> Unanswered:
        if isinstance(error, elasticsearch.ConnectionTimeout):
            sentence = f"did not answer within {ANSWER_SECONDS:.0f} s"
            return Unanswered(f"Elasticsearch at {self._place} {sentence}", in_time=False)
        return Unanswered(f"Elasticsearch at {self._place} cannot be reached: {said(error)}")


def _buckets(answer: Any, name: str) -> Sequence[Any]:
    found: Sequence[Any] = answer.get("aggregations", {}).get(name, {}).get("buckets", [])
    return found


def _collect(collected: Collected, answer: Any) -> None:
    for hit in answer["hits"]["hits"]:
        document = document_of(hit.get("_source"))
        if document is None:
            collected.unread += 1
        else:
            collected.add(document)


def _total(answer: Any) -> int:
    total = answer["hits"].get("total", 0)
    return int(total.get("value", 0) if isinstance(total, dict) else total)


def _traces(ids: Sequence[str], answers: Sequence[Any], each: int) -> Iterator[Trace]:
    for trace_id, answer in zip(ids, answers, strict=True):
        if "hits" not in answer:
            continue
        collected = Collected(trace_id, each)
        _collect(collected, answer)
        trace = collected.trace(_total(answer))
        if trace is not None:
            yield trace
