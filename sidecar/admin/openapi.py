"""The OpenAPI description of the admin API, made from the operations that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

import sidecar
from sidecar.admin.answers import Problem
from sidecar.admin.operation import JSON, Operation
from sidecar.admin.problems import CONTENT_TYPE

_REFERENCE: Final = "#/components/schemas/{name}"
_PARTS: Final = re.compile(r"\{(\w+)\}")
_ABOUT: Final = (
    "What a running sidecar answers about itself, and what operators may change while it runs. "
    "On its Unix socket it believes whoever may open it; over TCP it asks for a bearer token."
)


def description(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole of it, OpenAPI 3.1."""
    every = list(operations)
    shapes = [one for op in every for one in (op.answer, op.wish) if one is not None]
    _, schemas = msgspec.json.schema_components([*shapes, Problem], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in every:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sidecar admin API",
            "version": sidecar.__version__,
            "description": _ABOUT,
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _identity(operation),
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.wish is not None:
        schema = {"$ref": _reference(operation.wish)}
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return described


def _identity(operation: Operation) -> str:
    words = re.findall(r"[a-z0-9]+", operation.path.removeprefix("/v1"))
    return "_".join([operation.method.lower(), *words])


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in _PARTS.findall(operation.path)
    ]
    in_query = [
        {"name": name, "in": "query", "required": False, "description": sentence, "schema": text}
        for name, sentence in operation.query.items()
    ]
    return [*in_path, *in_query]


def _responses(operation: Operation) -> dict[str, Any]:
    is_json = operation.content_type == JSON
    schema = (
        {"$ref": _reference(operation.answer)}
        if operation.answer
        else {"type": "object" if is_json else "string"}
    )
    content = {operation.content_type: {"schema": schema}}
    responses: dict[str, Any] = {"200": {"description": operation.summary, "content": content}}
    for status in operation.also:
        responses[str(status)] = {"description": "The same, when it is not.", "content": content}
    problem = {CONTENT_TYPE: {"schema": {"$ref": _reference(Problem)}}}
    problems = {401: "A token is asked for over TCP.", **operation.problems}
    for status, sentence in sorted(problems.items()):
        responses[str(status)] = {"description": sentence, "content": problem}
    return responses


def _reference(shape: type[Any]) -> str:
    return _REFERENCE.format(name=shape.__name__)
