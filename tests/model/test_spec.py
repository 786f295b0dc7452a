from __future__ import annotations

from ipaddress import ip_network
from typing import ClassVar

import pytest
from pydantic import ValidationError

from sidecar.model.policy import BuildContext, Gate, Mode, Rule
from sidecar.model.spec import KeyUse, MatchSpec, RuleSpec, uses_of


class _Nothing(RuleSpec):
    """A kind of rule that does nothing."""

    kind: ClassVar[str] = "nothings"

    def build(self, context: BuildContext) -> Gate:
        raise NotImplementedError


def test_a_match_names_fields_and_declared_keys() -> None:
    match = MatchSpec.model_validate(
        {
            "path": "/a",
            "method": ["GET", "HEAD"],
            "header": {"X-Canary": "1"},
            "client_ip": "10.0.0.0/8",
            "user": ["eve", "m*"],
            "tenant": "big",
        }
    )
    assert match.path == ("/a",)
    assert match.method == ("GET", "HEAD")
    assert match.header == {"x-canary": ("1",)}
    assert match.client_ip == (ip_network("10.0.0.0/8"),)
    assert match.keys == {"user": ("eve", "m*"), "tenant": ("big",)}
    assert not match.is_everything


def test_a_match_without_conditions_is_everything() -> None:
    assert MatchSpec().is_everything
    assert MatchSpec().keys == {}
    assert not MatchSpec.model_validate({"user": "eve"}).is_everything


def test_values_of_keys_are_text() -> None:
    with pytest.raises(ValidationError, match="1 is not text"):
        MatchSpec.model_validate({"user": [1]})


def test_a_rule_has_a_name_a_mode_and_a_reason() -> None:
    spec = _Nothing.model_validate(
        {
            "name": "one",
            "mode": "shadow",
            "upstream": "app",
            "labels": {"team": "x", "area": "y"},
            "why": "because",
        }
    )
    assert spec.upstream == ("app",)
    assert spec.rule("rules.yaml:7") == Rule(
        "nothings", "one", Mode.SHADOW, "rules.yaml:7", "because", (("area", "y"), ("team", "x"))
    )


def test_a_rule_acts_unless_told_otherwise() -> None:
    assert _Nothing.model_validate({"name": "one"}).mode is Mode.ENFORCE


def test_unknown_fields_are_errors_and_nothing_changes_after_reading() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        _Nothing.model_validate({"name": "one", "nmae": "two"})
    spec = _Nothing.model_validate({"name": "one"})
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "two"


def test_a_kind_of_rule_must_build_something() -> None:
    with pytest.raises(TypeError, match="abstract"):
        RuleSpec(name="one")  # type: ignore[abstract]


def test_where_keys_are_used() -> None:
    spec = _Nothing.model_validate({"name": "one", "match": {"user": "eve"}})
    assert spec.keys_used() == (KeyUse("user", ("match", "user")),)
    assert uses_of("user", "per") == (KeyUse("user", ("per",)),)
    assert uses_of(("user", "sku"), "per") == (
        KeyUse("user", ("per", 0)),
        KeyUse("sku", ("per", 1)),
    )


def test_every_field_is_described_for_editors() -> None:
    schema = _Nothing.model_json_schema()
    for properties in (schema["properties"], schema["$defs"]["MatchSpec"]["properties"]):
        for name, field in properties.items():
            assert field.get("description"), name
