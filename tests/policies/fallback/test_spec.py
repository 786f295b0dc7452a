from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.policies.fallback import FallbackSpec

STEP = {"serve": "template", "body": {"json": {"who": "{key.user}", "what": "{path}"}}}


def spec(*steps: dict[str, Any], **fields: Any) -> FallbackSpec:
    return FallbackSpec.model_validate({"name": "a-rule", "when": "any", "try": steps, **fields})


def test_keys_that_are_filled_in_are_used() -> None:
    used = spec({"serve": "static"}, STEP, match={"tenant": "acme"}).keys_used()
    assert [(use.name, use.at) for use in used] == [
        ("tenant", ("match", "tenant")),
        ("user", ("try", 1, "body", "json")),
    ]


def test_a_static_answer_has_no_places() -> None:
    (step,) = spec({"serve": "static", "body": {"text": "{path}"}}).steps
    assert step.places == frozenset()


@pytest.mark.parametrize(
    "body, source",
    [
        ({"text": "busy"}, "busy"),
        ({"json": {"a": [1, None, "ö"]}}, '{"a": [1, null, "ö"]}'),
        ({"json": None}, "null"),
        ({"file": "busy.json"}, ""),
    ],
)
def test_the_body_as_it_is_written(body: dict[str, Any], source: str) -> None:
    (step,) = spec({"serve": "static", "body": body}).steps
    assert step.body is not None
    assert step.body.source == source
    assert step.body.forms == tuple(body)


@pytest.mark.parametrize(
    "step",
    [
        {"serve": "stale_cache"},
        {"serve": "static", "status": 199},
        {"serve": "static", "status": True},
        {"serve": "static", "body": "busy"},
        {"serve": "static", "headers": {"a b": "c"}},
        {"status": 200},
    ],
)
def test_a_mistake_is_told(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec(step)
