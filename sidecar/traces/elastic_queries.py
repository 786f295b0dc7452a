"""What Elasticsearch is asked, in its own language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from sidecar.traces.trace import Wanted

_MILLI: Final = 1_000_000
EARLIEST_FIRST: Final[Sequence[Any]] = (
    {"@timestamp": {"order": "asc", "unmapped_type": "date"}},
)  # fmt: skip
LATEST_FIRST: Final[Sequence[Any]] = (
    {"@timestamp": {"order": "desc", "unmapped_type": "date"}},
)  # fmt: skip


class Fields(msgspec.Struct, frozen=True):
    """The fields by which whole values are told."""

    trace_id: str = "trace_id"
    span_id: str = "span_id"
    name: str = "name"
    kind: str = "kind"
    status: str = "status.code"
    service: str = "resource.attributes.service.name"


_PLAIN: Final = msgspec.structs.asdict(Fields())
#: Without a template texts are cut into words, and beside them is a field for the whole.
_WHOLE: Final = ".keyword"
MAY_BE_EXACT: Final = tuple(name + end for name in _PLAIN.values() for end in ("", _WHOLE))


def exact_fields(capabilities: Mapping[str, Any]) -> Fields:
    """Which they are, by what the cluster says of fields."""
    return Fields(**{word: _exact(name, capabilities) for word, name in _PLAIN.items()})


def _exact(name: str, capabilities: Mapping[str, Any]) -> str:
    kinds = capabilities.get(name, {}).values()
    whole = all(kind.get("aggregatable", False) for kind in kinds)
    return name if whole or name + _WHOLE not in capabilities else name + _WHOLE


def between(since_ms: int, until_ms: int | None) -> dict[str, Any]:
    """Documents of that time, in milliseconds since 1970."""
    bounds: dict[str, Any] = {"gte": str(since_ms), "format": "epoch_millis"}
    if until_ms is not None:
        bounds["lte"] = str(until_ms)
    return {"range": {"@timestamp": bounds}}


def terms(field: str, count: int) -> dict[str, Any]:
    """The values that there are."""
    return {"terms": {"field": field, "size": count}}


def named(fields: Fields, beginning: str) -> dict[str, Any]:
    """Spans whose id, or whose trace's, begins so."""
    either = [{"prefix": {field: beginning}} for field in (fields.trace_id, fields.span_id)]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def events_of(trace_id: str) -> dict[str, Any]:
    """What happened within the spans of a trace: log records have a severity besides."""
    return {
        "bool": {
            "filter": [{"term": {"trace_id": trace_id}}, {"exists": {"field": "event_name"}}],
            "must_not": [{"exists": {"field": "severity_text"}}],
        }
    }


def spans(fields: Fields, wanted: Wanted) -> dict[str, Any]:
    """Spans that are all of what is wanted."""
    must: list[dict[str, Any]] = [
        between(wanted.start // _MILLI, -(-wanted.end // _MILLI)),
        {"exists": {"field": "duration"}},
    ]
    if wanted.service:
        must.append({"term": {fields.service: wanted.service}})
    if wanted.operation:
        must.append({"term": {fields.name: wanted.operation}})
    lasting = {"gte": wanted.shortest} if wanted.shortest else {}
    if wanted.longest:
        lasting["lte"] = wanted.longest
    if lasting:
        must.append({"range": {"duration": lasting}})
    must += [_tagged(fields, name, value) for name, value in wanted.tags.items()]
    return {"bool": {"filter": must}}


def _tagged(fields: Fields, name: str, value: str) -> dict[str, Any]:
    if name == "error":
        failed = _in_any_case(fields.status, "error")
        return failed if value == "true" else {"bool": {"must_not": [failed]}}
    if name in {"span.kind", "otel.status_code"}:
        return _in_any_case(fields.kind if name == "span.kind" else fields.status, value)
    either = [
        {"match": {field: {"query": value, "operator": "and", "lenient": True}}}
        for field in (f"attributes.{name}", f"resource.attributes.{name}")
    ]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _in_any_case(field: str, word: str) -> dict[str, Any]:
    return {"terms": {field: sorted({word.lower(), word.upper(), word.capitalize()})}}
