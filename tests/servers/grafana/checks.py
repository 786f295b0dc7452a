"""Every request and every answer against the descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.servers.grafana.description import Description, Operation, Schemas
from tests.servers.grafana.exchange import WRITING, Answer, Json, Request

#: Which schema says more of a body than the description of the API, and where it is in the body.
_BODIES = {
    ("POST", "/v1/provisioning/alert-rules"): "Rule",
    ("PUT", "/v1/provisioning/alert-rules/{UID}"): "Rule",
    ("PUT", "/v1/provisioning/folder/{FolderUID}/rule-groups/{Group}"): "RuleGroup",
    ("POST", "/v1/provisioning/contact-points"): "ContactPoint",
    ("PUT", "/v1/provisioning/contact-points/{UID}"): "ContactPoint",
    ("PUT", "/v1/provisioning/policies"): "NotificationPolicy",
    ("POST", "/v1/provisioning/mute-timings"): "MuteTiming",
    ("PUT", "/v1/provisioning/mute-timings/{name}"): "MuteTiming",
}


class Checks:
    """Says what is wrong with requests and answers."""

    def __init__(self, description: Description, schemas: Schemas) -> None:
        self._description = description
        self._schemas = schemas

    def route(self, request: Request) -> tuple[Operation, Request] | None:
        """The operation that is asked for; None where the description has none."""
        found = self._description.find(request.method, request.segments)
        if found is None:
            return None
        operation, values = found
        return operation, replace(request, values=values)

    def faults_of_request(self, operation: Operation, request: Request) -> list[str]:
        """What Grafana's description does not allow, or its schemas."""
        return [
            *_faults_of_query(operation, request),
            *self._faults_of_body(operation, request),
        ]

    def faults_of_answer(self, operation: Operation, answer: Answer) -> list[str]:
        """What the description does not say of the answer to that request."""
        return self._description.faults_of_answer(operation, answer.status, answer.body)

    def _faults_of_body(self, operation: Operation, request: Request) -> Iterator[str]:
        parameter = next(iter(operation.parameters("body").values()), None)
        if parameter is None:
            if request.body is not None:
                yield "no body is described"
            return
        if request.body is None:
            yield "a body is missing"
            return
        kind = request.fields.get("content-type", "").partition(";")[0]
        if kind != "application/json":
            yield f"content-type {kind!r} instead of application/json"
        yield from self._description.faults_of_body(parameter["schema"], request.body)
        yield from self._faults_of_shape(operation, request.body)

    def _faults_of_shape(self, operation: Operation, body: Json) -> Iterator[str]:
        definition = _BODIES.get((operation.method, operation.path))
        if definition is not None:
            yield from self._schemas.faults(definition, body)
        if operation.path == "/dashboards/db" and isinstance(body, dict):
            yield from self._schemas.faults_of_dashboard(body.get("dashboard", {}))


def _faults_of_query(operation: Operation, request: Request) -> Iterator[str]:
    described = operation.parameters("query")
    for name, values in request.query.items():
        parameter = described.get(name)
        if parameter is None:
            yield f"query parameter {name!r} is not described"
            continue
        if len(values) > 1 and parameter["type"] != "array":
            yield f"query parameter {name!r} is given {len(values)} times"
        kind = parameter.get("items", parameter)["type"]
        yield from (
            f"query parameter {name!r}: {value!r} is no {kind}"
            for value in values
            if not _is_a(kind, value)
        )
    for name, parameter in described.items():
        if parameter.get("required") and name not in request.query:
            yield f"query parameter {name!r} is missing"


def _is_a(kind: str, value: Any) -> bool:
    if kind == "integer":
        return bool(value.isdecimal())
    return kind != "boolean" or value in {"true", "false"}


def is_write(request: Request) -> bool:
    """Whether the request would change something."""
    return request.method in WRITING
