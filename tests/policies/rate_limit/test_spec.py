"""Rate limits as they are written: what may stand beside what."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.policies.rate_limit import RateLimitSpec


def test_the_keys_it_names_are_known_with_their_place() -> None:
    fields = {"name": "a-rule", "limit": "5/s", "per": ["user", "client"], "match": {"sku": "a*"}}
    spec = RateLimitSpec.model_validate(fields)
    assert [(use.name, use.at) for use in spec.keys_used()] == [
        ("sku", ("match", "sku")),
        ("user", ("per", 0)),
        ("client", ("per", 1)),
    ]


@pytest.mark.parametrize(
    "fields, place, code, message",
    [
        ({}, "limit", "missing", "Field required"),
        ({"limit": "0/s"}, "limit", "bad-rate", "'0/s' lets nothing or everything"),
        ({"limit": 5}, "limit", "bad-rate", "5 is not a rate"),
        ({"limit": "-5/s"}, "limit", "bad-rate", "'-5/s' is not a rate"),
        ({"limit": "2000000/s"}, "limit", "bad-rate", "more than 1000000/s is as good as no limit"),
        ({"limit": "5/s", "burst": 0}, "burst", "bad-count", "0 is not a whole number"),
        ({"limit": "5/s", "burst": 1.5}, "burst", "bad-count", "1.5 is not a whole number"),
        ({"limit": "5/s", "algorithm": "leaky"}, "algorithm", "enum", "should be 'token_bucket'"),
        ({"limit": "5/s", "algorithm": ["gcra"]}, "algorithm", "enum", "should be 'token_bucket'"),
        ({"limit": "5/s", "per": ["user", "user"]}, "per", "bad-value", "a key stands twice"),
        ({"limit": "5/s", "per": []}, "per", "empty-list", "the list is empty"),
        ({"limit": "5/s", "perr": "user"}, "perr", "extra_forbidden", "not permitted"),
        # windows
        ({"limit": "2.5/s", "algorithm": "fixed_window"}, "algorithm", "bad-rate",
         "fixed_window counts whole requests, not 2.5/s"),
        ({"limit": "5/0.5ms", "algorithm": "sliding_window"}, "algorithm", "bad-rate",
         "5/0.0005s is shorter than a window can be"),
        ({"limit": "200000/m", "algorithm": "moving_window"}, "algorithm", "bad-rate",
         "moving_window would keep 200000 moments for each value"),
        ({"limit": "5/s", "algorithm": "fixed_window", "burst": 7}, "burst", "conflict",
         "fixed_window has no burst"),
        ({"limit": "5/s", "algorithm": "pace", "burst": 7}, "burst", "conflict",
         "pace has no burst"),
        # warm_up
        ({"limit": "5/s", "algorithm": "warm_up"}, "warm_up", "incomplete",
         "algorithm: warm_up needs warm_up"),
        ({"limit": "5/s", "warm_up": {"for": "1s", "from": "50%"}}, "warm_up", "conflict",
         "token_bucket does not warm up"),
        # pace
        ({"limit": "5/s", "wait_at_most": "1s"}, "wait_at_most", "conflict",
         "callers wait for pace only"),
        # overrides
        ({"limit": "5/s", "overrides": {"a": "9/s"}}, "overrides", "conflict",
         "whose values these are is not clear"),
        ({"limit": "5/s", "per": ["user", "client"], "overrides": {"a": "9/s"}}, "overrides",
         "conflict", "whose values these are is not clear"),
        ({"limit": "5/s", "per": "user", "overrides": {"a": "9 units/s"}}, "overrides",
         "conflict", "9 units/s counts other things than limit"),
        ({"limit": "5/s", "per": "user", "algorithm": "moving_window",
          "overrides": {"a": "2.5/s"}}, "overrides", "bad-rate", "counts whole requests"),
        # cost
        ({"limit": "20000 units/m"}, "cost", "incomplete", "a limit in units needs a cost"),
        ({"limit": "5/s", "cost": {"from": "query", "name": "n"}}, "cost", "conflict",
         "a limit on requests counts each as one"),
        ({"limit": "5 units/s", "cost": {"from": "query", "name": "n"}, "algorithm": "pace"},
         "cost", "conflict", "pace counts requests only"),
        ({"limit": "5 units/s", "cost": {"from": "response_header", "name": "n"},
          "algorithm": "fixed_window"}, "cost", "conflict", "a fixed_window cannot owe"),
        ({"limit": "5 units/s", "cost": {"from": "query", "name": "n", "default": 6}},
         "cost", "conflict", "would never pass: it costs 6"),
        ({"limit": "5 units/s", "burst": 2, "cost": {"from": "query", "name": "n", "default": 3}},
         "cost", "conflict", "would never pass: it costs 3"),
        ({"limit": "200000000 units/s", "cost": {"from": "query", "name": "n"}}, "limit",
         "bad-rate", "more than 100000000/s is as good as no limit"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(fields: dict[str, Any], place: str, code: str, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        RateLimitSpec.model_validate({"name": "a-rule", **fields})
    errors = raised.value.errors()
    assert [(error["loc"], error["type"]) for error in errors] == [((place,), code)]
    assert message in errors[0]["msg"]


@pytest.mark.parametrize(
    "field, value, place, code",
    [
        ("warm_up", {"for": "30s", "from": "0%"}, ("warm_up", "from"), "bad-percentage"),
        ("warm_up", {"for": "30s"}, ("warm_up", "from"), "missing"),
        ("warm_up", {"for": "30", "from": "50%"}, ("warm_up", "for"), "bad-duration"),
        ("cost", {"from": "body", "name": "x"}, ("cost", "from"), "enum"),
        ("cost", {"from": "query", "name": ""}, ("cost", "name"), "bad-name"),
        ("cost", {"from": "response_header", "name": "x cost"}, ("cost",), "bad-header-name"),
        ("cost", {"from": "query", "name": "n", "default": 0}, ("cost", "default"), "bad-count"),
        ("wait_at_most", 5, ("wait_at_most",), "bad-duration"),
        ("overrides", {"a": "5"}, ("overrides", "a"), "bad-rate"),
        ("exempt", {"user": []}, ("exempt", "user"), "empty-list"),
        ("exempt", {}, ("exempt",), "empty-list"),
    ],
)
def test_a_mistake_inside_a_field_is_told(
    field: str, value: object, place: tuple[str, ...], code: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        RateLimitSpec.model_validate({"name": "a-rule", "limit": "5/s", field: value})
    errors = raised.value.errors()
    assert (place, code) in [(error["loc"], error["type"]) for error in errors]


def test_exempt_keys_are_named_with_their_place() -> None:
    fields = {"name": "a-rule", "limit": "5/s", "exempt": {"user": "ann"}}
    spec = RateLimitSpec.model_validate(fields)
    assert [(use.name, use.at) for use in spec.keys_used()] == [("user", ("exempt", "user"))]


def test_header_fields_are_named_with_their_place_and_whom_they_are_believed_from() -> None:
    fields = {
        "name": "a-rule",
        "limit": "5 units/s",
        "match": {"header": {"accept": "*"}},
        "exempt": {"header": {"x-test": "1"}},
        "cost": {"from": "request_header", "name": "X-Cost"},
    }
    spec = RateLimitSpec.model_validate(fields)
    assert [(use.name, use.at, use.of_callers) for use in spec.headers_used()] == [
        ("accept", ("match", "header", "accept"), False),
        ("x-test", ("exempt", "header", "x-test"), False),
        ("x-cost", ("cost", "name"), True),
    ]


def test_the_field_of_the_answer_is_asked_for() -> None:
    fields = {"name": "a", "limit": "5 units/s"}
    answered = {"cost": {"from": "response_header", "name": "X-Cost"}}
    known = {"cost": {"from": "request_header", "name": "X-Cost"}}
    assert RateLimitSpec.model_validate({**fields, **answered}).response_fields() == (b"x-cost",)
    assert RateLimitSpec.model_validate({**fields, **known}).response_fields() == ()
    assert RateLimitSpec.model_validate({"name": "a", "limit": "5/s"}).response_fields() == ()
