"""How Elasticsearch reads our documents: which fields there are, and what they are to it.

These are the fields of the ``otel`` layout with the types that Elasticsearch's own templates give
them. Attributes are ``passthrough``: ``http.route: orders`` finds ``attributes.http.route`` too.
Some clusters lack some types; each has one that does nearly as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

Fields = dict[str, Any]

#: What a field is where the cluster does not know its type.
STAND_INS: Final[Mapping[str, Mapping[str, Any]]] = {
    "constant_keyword": {"type": "keyword"},
    "flattened": {"type": "object", "enabled": False},
    "histogram": {"type": "object", "subobjects": False, "properties": {
        "counts": {"type": "long"}, "values": {"type": "double"}}},
    "match_only_text": {"type": "text"},
    "passthrough": {"type": "object", "subobjects": False, "dynamic": True},
    "version": {"type": "keyword"},
}  # fmt: skip

_LACKING: Final = re.compile(
    r"mapper type \[(\w+)\] declared on|No handler for type \[(\w+)\]"
    r"|No mapper found for type \[(\w+)\]|unknown setting \[([\w.]+)\]"
)

_LONGEST_KEYWORD: Final = 1024
_KEYWORD: Final[Fields] = {"type": "keyword", "ignore_above": _LONGEST_KEYWORD}


def _attributes(priority: int, **known: Fields) -> Fields:
    return {"type": "passthrough", "dynamic": True, "priority": priority, "properties": known}


_EVERYWHERE: Final[Fields] = {
    "@timestamp": {"type": "date"},
    "data_stream": {"properties": {
        part: {"type": "constant_keyword"} for part in ("type", "dataset", "namespace")}},
    "attributes": _attributes(20, **{
        "http.request.method": _KEYWORD, "http.route": _KEYWORD, "error.type": _KEYWORD,
        "http.response.status_code": {"type": "long"}}),
    "scope": {"properties": {
        "name": _KEYWORD, "version": {"type": "version"}, "attributes": _attributes(30)}},
    "resource": {"properties": {
        "schema_url": _KEYWORD,
        "attributes": _attributes(40, **{
            "service.name": _KEYWORD, "service.instance.id": _KEYWORD, "host.name": _KEYWORD})}},
}  # fmt: skip

_TRACES: Final[Fields] = {
    "trace_id": _KEYWORD,
    "trace.id": {"type": "alias", "path": "trace_id"},
    "span_id": _KEYWORD,
    "span.id": {"type": "alias", "path": "span_id"},
    "parent_span_id": _KEYWORD,
    "parent.id": {"type": "alias", "path": "parent_span_id"},
    "trace_state": _KEYWORD,
    "name": _KEYWORD,
    "span.name": {"type": "alias", "path": "name"},
    "kind": _KEYWORD,
    "duration": {"type": "long", "meta": {"unit": "nanos"}},
    "status": {"properties": {"code": _KEYWORD, "message": _KEYWORD}},
    "links": {"properties": {"trace_id": _KEYWORD, "span_id": _KEYWORD}},
}

_LOGS: Final[Fields] = {
    "observed_timestamp": {"type": "date_nanos"},
    "trace_id": _KEYWORD,
    "trace.id": {"type": "alias", "path": "trace_id"},
    "span_id": _KEYWORD,
    "span.id": {"type": "alias", "path": "span_id"},
    "severity_text": _KEYWORD,
    "log.level": {"type": "alias", "path": "severity_text"},
    "severity_number": {"type": "byte"},
    "event_name": _KEYWORD,
    "body": {"properties": {
        "text": {"type": "match_only_text"}, "structured": {"type": "flattened"}}},
    "message": {"type": "alias", "path": "body.text"},
}  # fmt: skip

_METRICS: Final[Fields] = {
    "start_timestamp": {"type": "date_nanos"},
    # One that is named lets a cluster tell at once when it does not know that type.
    "metrics": {"type": "passthrough", "dynamic": True, "priority": 10, "properties": {
        "http.server.request.duration": {"type": "histogram"}}},
    "unit": _KEYWORD,
    "_metric_names_hash": _KEYWORD,
}  # fmt: skip

FIELDS: Final[Mapping[str, Fields]] = {"traces": _TRACES, "logs": _LOGS, "metrics": _METRICS}

#: What a field becomes that nobody has named before. The first two are asked for by their names,
#: by the line that brings a document.
_METRIC_TEMPLATES: Final = (
    {"counter_double": {"mapping": {"type": "double", "time_series_metric": "counter"}}},
    {"gauge_double": {"mapping": {"type": "double", "time_series_metric": "gauge"}}},
    {"histogram": {"mapping": {"type": "histogram"}}},
)
_TEMPLATES: Final = (
    {"complex_attributes": {
        "path_match": ["attributes.*", "scope.attributes.*", "resource.attributes.*"],
        "match_mapping_type": "object",
        "mapping": {"type": "flattened"}}},
    {"all_strings_to_keywords": {"match_mapping_type": "string", "mapping": _KEYWORD}},
)  # fmt: skip

#: A value that does not fit its field is left out of the index, not the whole document; and so
#: are fields beyond a thousand, which an application may have.
_SETTINGS: Final[Mapping[str, Any]] = {
    "index.mapping.ignore_malformed": True,
    "index.mapping.total_fields.ignore_dynamic_beyond_limit": True,
}


def mappings(signal: str, lacking: Collection[str] = ()) -> Fields:
    """The mappings for ``traces``, ``logs`` or ``metrics``, without types that are lacking."""
    templates = [*(_METRIC_TEMPLATES if signal == "metrics" else ()), *_TEMPLATES]
    wanted = {
        "dynamic": False,
        "date_detection": False,
        "dynamic_templates": templates,
        "properties": {**_EVERYWHERE, **FIELDS[signal]},
    }
    replaced: Fields = _without(wanted, lacking)
    return replaced


def settings(lacking: Collection[str] = ()) -> dict[str, Any]:
    """The settings for every index, without those that are lacking."""
    return {name: value for name, value in _SETTINGS.items() if name not in lacking}


def lacking_part(reason: str) -> str:
    """The type of a field, or the setting, that a cluster says it does not know.

    Empty when it says another thing, or when that cannot be done without.
    """
    found = _LACKING.search(reason)
    name = next(filter(None, found.groups()), "") if found is not None else ""
    return name if name in STAND_INS or name in _SETTINGS else ""


def _without(node: Any, lacking: Collection[str]) -> Any:
    if isinstance(node, list | tuple):
        return [_without(item, lacking) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _without(value, lacking) for key, value in node.items()}
    if not isinstance(node.get("type"), str) or node["type"] not in lacking:
        return node
    stand_in = dict(STAND_INS[node["type"]])
    kept = {key: node[key] for key in ("dynamic", "properties") if key in node}
    return {**stand_in, **kept} if stand_in["type"] == "object" else stand_in
