"""Every operation is described, and answers what its description says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sidecar.admin.api import OPERATIONS
from sidecar.admin.openapi import description
from sidecar.admin.operation import Operation
from tests.admin.described import mismatches
from tests.admin.running import Client, Running
from tests.telemetry.records import make_record

WHOLE = description(OPERATIONS)
#: What is sent, where something is.
WISHES: dict[str, dict[str, Any]] = {
    "/v1/overrides": {"rules": "rate_limits/*", "mode": "shadow", "for": "1m", "why": "a sale"},
    "/v1/switches/{name}": {"on": True},
    "/v1/breakers/{name}": {"state": "open", "for": "1m"},
    "/v1/log-level": {"level": "warn"},
    "/v1/drain": {"draining": True},
}
PARTS = {"kind": "rate_limits", "name": "each", "id": "00f067aa0ba902b7"}
JSON = [one for one in OPERATIONS if one.answer is not None]


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def _path(operation: Operation, **parts: str) -> str:
    path = operation.path
    for name, value in {**PARTS, **parts}.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_every_operation_is_described_once() -> None:
    described = [
        (method.upper(), path) for path, methods in WHOLE["paths"].items() for method in methods
    ]
    assert sorted(described) == sorted((one.method, one.path) for one in OPERATIONS)
    identities = [
        one["operationId"] for methods in WHOLE["paths"].values() for one in methods.values()
    ]
    assert len(set(identities)) == len(identities)


def test_what_is_served_is_the_description_as_it_should_be() -> None:
    assert WHOLE["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(WHOLE["info"])
    references = re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(WHOLE))
    assert set(references) <= set(WHOLE["components"]["schemas"])
    for name, schema in WHOLE["components"]["schemas"].items():
        assert schema.get("description") or schema.get("enum"), name


async def test_the_description_is_served(admin: Client) -> None:
    answer = await admin.get("/openapi.json")
    assert answer.content_type == "application/json"
    whole = await answer.json()
    assert whole == WHOLE
    described = WHOLE["paths"]["/openapi.json"]["get"]["responses"]["200"]["content"]
    assert mismatches(whole, described["application/json"]["schema"], WHOLE) == []


def _schema(operation: Operation, status: int) -> dict[str, Any]:
    described = WHOLE["paths"][operation.path][operation.method.lower()]["responses"]
    (content,) = described[str(status)]["content"].values()
    schema: dict[str, Any] = content["schema"]
    return schema


async def _fill(running: Running, admin: Client) -> None:
    """Something in every list."""
    running.inside.decisions.feed([make_record(span_id=PARTS["id"].encode())])
    running.meters.server("inbound", "orders").open("GET", 200).observe(0.1)
    for path, wish in (
        ("/v1/overrides", {"rules": "access/*", "mode": "shadow"}),
        ("/v1/breakers/app", {"state": "closed"}),
    ):
        method = "POST" if path == "/v1/overrides" else "PUT"
        assert (await admin.request(method, path, json=wish)).status == 200


@pytest.mark.parametrize("operation", JSON, ids=_name)
async def test_what_is_answered_is_what_is_described(
    operation: Operation, running: Running, admin: Client
) -> None:
    await _fill(running, admin)
    path = _path(operation, name="app" if "breakers" in operation.path else PARTS["name"])
    lifts = (operation.method, operation.path) == ("DELETE", "/v1/overrides")
    answer = await admin.request(
        operation.method,
        path,
        params={"rules": "access/*"} if lifts else {},
        json=WISHES[operation.path] if operation.wish is not None else None,
    )
    # There is no switch in the file: its answer is the problem that is described.
    assert answer.status == (404 if "switches/" in operation.path else 200), await answer.text()
    schema = _schema(operation, answer.status)
    assert mismatches(await answer.json(), schema, WHOLE) == []


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.wish is not None], ids=_name
)
@pytest.mark.parametrize(
    "content_type, body, status",
    [
        ("application/json", b"{", 422),
        ("application/json", b"[]", 422),
        ("application/json", b'{"on": "yes", "state": 1, "level": [], "rules": 5}', 422),
        ("application/json", b"\xff", 422),
        ("application/json", b'{"why": "' + b"x" * 20_000 + b'"}', 413),
        ("text/plain", b"{}", 415),
    ],
)
async def test_bad_bodies_get_a_problem_that_is_described(
    operation: Operation, content_type: str, body: bytes, status: int, admin: Client
) -> None:
    answer = await admin.request(
        operation.method, _path(operation), data=body, headers={"Content-Type": content_type}
    )
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert mismatches(await answer.json(), _schema(operation, status), WHOLE) == []


@pytest.mark.parametrize("operation", [one for one in JSON if "/v1" in one.path], ids=_name)
async def test_a_parameter_that_there_is_not_is_refused(
    operation: Operation, admin: Client
) -> None:
    answer = await admin.request(operation.method, _path(operation) + "?lmit=1")
    assert answer.status == 422
    assert "'lmit' is no parameter of" in (await answer.json())["detail"]


async def test_what_is_not_there_says_where_to_look(admin: Client) -> None:
    answer = await admin.get("/v1/nothing")
    assert answer.status == 404
    assert "GET /openapi.json" in (await answer.json())["detail"]
    answer = await admin.post("/v1/rules")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
