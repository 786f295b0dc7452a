"""Whether an answer is what the OpenAPI description says: as much of JSON Schema as it uses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
#: What this understands; a word beside these must be taken up here.
_KNOWN = {
    "$ref", "title", "description", "type", "properties", "required", "items", "anyOf", "enum",
    "additionalProperties", "default", "format",
}  # fmt: skip


def mismatches(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    """Where ``value`` is not as ``schema`` has it; ``whole`` is the description."""
    return list(_mismatches(value, schema, whole, "$"))


def _mismatches(
    value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str
) -> Iterator[str]:
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        yield from _mismatches(value, whole["components"]["schemas"][name], whole, at)
        return
    if "anyOf" in schema:
        if all(mismatches(value, one, whole) for one in schema["anyOf"]):
            yield f"{at} is none of what it may be: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}, not one of {schema['enum']}"
    kind = schema.get("type")
    if kind is not None and not _is_a(value, kind):
        yield f"{at} is {value!r}, not a {kind}"
        return
    if schema.get("format") == "date-time":
        datetime.fromisoformat(value)
    if isinstance(value, dict):
        yield from _of_map(value, schema, whole, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _mismatches(item, schema.get("items", {}), whole, f"{at}[{index}]")


def _is_a(value: Any, kind: str) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number if kind == "integer" else isinstance(value, _TYPES[kind])


def _of_map(
    value: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], at: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name} is missing"
    for name, item in value.items():
        below = properties.get(name, schema.get("additionalProperties"))
        if isinstance(below, dict):
            yield from _mismatches(item, below, whole, f"{at}.{name}")
        elif name not in properties and properties:
            yield f"{at}.{name} is not described"
