"""Grafana's own description of its API, and its schemas of what is sent to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from tests.servers.grafana.corrections import OF_ALERTING, OF_API, OF_DASHBOARDS, corrected
from tests.servers.grafana.exchange import Json
from tests.servers.programs import unavailable

#: Names the folder that has the descriptions.
VARIABLE: Final = "GRAFANA_DESCRIPTIONS"
_ROOT = Path(__file__).parents[3]
_API_FILE = "grafana-http-api.swagger.json"


def descriptions_folder() -> Path:
    """Where the descriptions are. Without them the calling test is skipped; in CI it fails."""
    given = os.environ.get(VARIABLE)
    # In a folder beside the project, or beside one that it lies in.
    beside = [parent / "shared" / "grafana" for parent in _ROOT.parents]
    for folder in [Path(given)] if given else beside:
        if (folder / _API_FILE).is_file():
            break
    else:
        unavailable(f"Grafana's descriptions are not there; set {VARIABLE} to their folder")
    return folder


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as it is described."""

    method: str
    #: As described: ``/folders/{folder_uid}``.
    path: str
    described: Json

    def values_in(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """What stands for the names in braces; None for another path."""
        own = self.path.strip("/").split("/")
        if len(own) != len(segments):
            return None
        values = {}
        for mine, theirs in zip(own, segments, strict=True):
            if mine.startswith("{"):
                values[mine.strip("{}")] = theirs
            elif mine != theirs:
                return None
        return values

    def parameters(self, where: str) -> dict[str, Json]:
        """By name, those in ``query``, ``body``, ``path`` or ``header``."""
        every = self.described.get("parameters", ())
        return {one["name"]: one for one in every if one["in"] == where}


class Description:
    """The description of the whole API."""

    def __init__(self, document: Json) -> None:
        self._document = corrected(document, OF_API)
        self._strict = _closed(self._document["definitions"], nullable=False)
        self._answered = _closed(self._document["definitions"], nullable=True)
        self._validators: dict[str, Draft7Validator] = {}

    @cached_property
    def operations(self) -> list[Operation]:
        """Every method of every path; those with fewer names in braces come first."""
        every = [
            Operation(method.upper(), path, described)
            for path, methods in self._document["paths"].items()
            for method, described in methods.items()
        ]
        return sorted(every, key=lambda one: one.path.count("{"))

    def find(
        self, method: str, segments: tuple[str, ...]
    ) -> tuple[Operation, dict[str, str]] | None:
        """The operation that is asked for, and what stands for the names in its path."""
        for operation in self.operations:
            values = operation.values_in(segments)
            if operation.method == method and values is not None:
                return operation, values
        return None

    def faults_of_body(self, schema: Json, body: Any) -> list[str]:
        """What is wrong with the body of a request: unknown fields are, and read-only ones."""
        return _faults(self._validator(schema, self._strict, "request"), body)

    def faults_of_answer(self, operation: Operation, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; null is allowed for everything, as Go writes nil."""
        described = operation.described["responses"].get(str(status))
        if described is None:
            # Not every refusal is described; all have the same shape.
            shape = {"$ref": "#/definitions/ErrorResponseBody"}
            return self._answer_faults(shape, body) if status >= 400 else [f"status {status}"]
        if "$ref" in described:
            described = self._document["responses"][described["$ref"].rpartition("/")[2]]
        schema = described.get("schema")
        if schema is None or status >= 400:
            return []
        return self._answer_faults(schema, body)

    def _answer_faults(self, schema: Json, body: Any) -> list[str]:
        return _faults(self._validator(schema, self._answered, "answer"), body)

    def _validator(self, schema: Json, definitions: Json, side: str) -> Draft7Validator:
        key = f"{side} {json.dumps(schema, sort_keys=True)}"
        if key not in self._validators:
            whole = {
                "allOf": [_close(schema, nullable=side == "answer")],
                "definitions": definitions,
            }
            self._validators[key] = Draft7Validator(whole)
        return self._validators[key]


class Schemas:
    """The schemas of dashboards and of what alerting is made of."""

    def __init__(self, folder: Path) -> None:
        dashboard = corrected(_read(folder / "dashboard.jsonschema.json"), OF_DASHBOARDS)
        self._dashboard = Draft7Validator(dashboard)
        alerting = corrected(_read(folder / "alerting.jsonschema.json"), OF_ALERTING)
        self._alerting = {
            name: Draft7Validator({**alerting, "$ref": f"#/definitions/{name}"})
            for name in alerting["definitions"]
        }
        reference = _read(folder / "datasource.jsonschema.json")
        self._reference = Draft7Validator({**reference, "$ref": "#/definitions/DataSourceRef"})

    def faults_of_dashboard(self, dashboard: Json) -> list[str]:
        """What is wrong with a dashboard, and with what it says of data sources."""
        return [
            *_faults(self._dashboard, dashboard),
            *(
                f"data source {found!r}: {fault}"
                for found in _named("datasource", dashboard)
                for fault in ([] if found is None else _faults(self._reference, found))
            ),
        ]

    def faults(self, definition: str, value: Any) -> list[str]:
        """What is wrong with a ``Rule``, ``ContactPoint``, ``NotificationPolicy``, …"""
        return _faults(self._alerting[definition], value)


@cache
def load(folder: Path) -> tuple[Description, Schemas]:
    """Both, read once."""
    return Description(_read(folder / _API_FILE)), Schemas(folder)


def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


def _faults(validator: Draft7Validator, value: Any) -> list[str]:
    # Of something that fits none of several shapes, what is wrong with the most likely one.
    errors = [best_match([error]) for error in validator.iter_errors(value)]
    return [
        f"{'/'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:300]}"
        for error in errors
    ]


def _closed(definitions: Json, *, nullable: bool) -> Json:
    return {name: _close(schema, nullable=nullable) for name, schema in definitions.items()}


def _close(schema: Any, *, nullable: bool) -> Any:
    """A schema of Swagger 2.0 as one of JSON Schema that knows no fields but those it lists."""
    if isinstance(schema, list):
        return [_close(one, nullable=nullable) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if nullable and "$ref" in schema:
        return {"anyOf": [{"type": "null"}, {"$ref": schema["$ref"]}]}
    result = {name: _close_part(name, part, nullable) for name, part in schema.items()}
    if "properties" in schema:
        result.setdefault("additionalProperties", False)
    if nullable and isinstance(schema.get("type"), str):
        result["type"] = [schema["type"], "null"]
        result.pop("enum", None)
    return result


def _close_part(name: str, part: Any, nullable: bool) -> Any:
    if name in {"example", "default", "enum", "required"}:
        return part
    if name != "properties":
        return _close(part, nullable=nullable)
    properties = {key: _close(value, nullable=nullable) for key, value in part.items()}
    if nullable:
        return properties
    # In a request, a field that is read only is one that is not there.
    return {key: value for key, value in properties.items() if not value.get("readOnly")}


def _named(name: str, value: Any) -> Iterator[Any]:
    """Everything that stands under that name, however deep."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from _named(name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(name, inner)
