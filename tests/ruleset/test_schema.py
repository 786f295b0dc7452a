from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sidecar.model.members import MembersSpec
from sidecar.model.spec import MatchSpec, RuleSpec
from sidecar.policies.access import AccessSpec
from sidecar.policies.breaker import BreakerSpec
from sidecar.policies.rate_limit import RateLimitSpec
from sidecar.policies.retry import RetrySpec
from sidecar.ruleset.check import check
from sidecar.ruleset.document import load
from sidecar.ruleset.listener_sections import ListenerTlsSpec
from sidecar.ruleset.schema import (
    FORMAT,
    RULE_KINDS,
    RuleFile,
    allows_keys,
    entry_type,
    field_at,
    fields_of,
    json_schema,
    spec_at,
)
from sidecar.ruleset.sections import KeySpec, PoolSpec, UpstreamSpec

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads(json_schema())


def test_the_kinds_of_rules_follow_from_the_fields_of_the_file() -> None:
    assert RULE_KINDS["access"] is AccessSpec
    assert RULE_KINDS["rate_limits"] is RateLimitSpec
    assert RULE_KINDS["breakers"] is BreakerSpec
    assert RULE_KINDS["retries"] is RetrySpec
    assert [*RULE_KINDS] == [name for name in fields_of(RuleFile) if name in RULE_KINDS]


@pytest.mark.parametrize("section", RULE_KINDS)
def test_a_kind_is_called_as_its_section(section: str) -> None:
    assert RULE_KINDS[section].kind == section


def test_rules_come_with_their_place() -> None:
    file = RuleFile.model_validate(
        {
            "format": FORMAT,
            "service": "shop",
            "listeners": {"inbound": {"bind": "127.0.0.1:8080"}},
            "upstreams": {"app": {"url": "http://127.0.0.1:9000"}},
            "rate_limits": [{"name": "one", "limit": "5/s"}, {"name": "two", "limit": "5/s"}],
            "access": [{"name": "one", "deny": {"client_ip": "192.0.2.1"}}],
        }
    )
    assert [(path, rule.name) for path, rule in file.rules] == [
        (("access", 0), "one"),
        (("rate_limits", 0), "one"),
        (("rate_limits", 1), "two"),
    ]


@pytest.mark.parametrize(
    "path, spec",
    [
        ((), RuleFile),
        (("upstreams", "app"), UpstreamSpec),
        (("upstreams", "app", "pool"), PoolSpec),
        (("listeners", "inbound", "tls"), ListenerTlsSpec),
        (("keys", "user"), KeySpec),
        (("rate_limits", 3), RateLimitSpec),
        (("rate_limits", 3, "match"), MatchSpec),
        (("access", 0, "deny"), MembersSpec),
        (("upstreams",), None),
        (("rate_limits",), None),
        (("rate_limits", 3, "match", "header"), None),
        (("rate_limits", 3, "limit"), None),
        (("trust", "proxies"), None),
        (("trust", "proxies", 0), None),
        (("nonsense",), None),
        (("service", "x"), None),
    ],
)
def test_which_spec_reads_a_place(path: tuple[str | int, ...], spec: object) -> None:
    assert spec_at(path) is spec


def test_the_declaration_of_a_field() -> None:
    field = field_at(("keys", "user", "from"))
    assert field is not None
    assert field.description == "Where the value comes from."
    assert field_at(("keys", "user", "nonsense")) is None
    assert field_at(("nonsense", "x")) is None


def test_fields_are_called_as_they_are_written() -> None:
    assert {"from", "or"} <= fields_of(KeySpec).keys()
    assert "source" not in fields_of(KeySpec)


def test_where_declared_keys_may_stand() -> None:
    assert allows_keys(MatchSpec)
    assert not allows_keys(RateLimitSpec)


def test_what_an_annotation_is_about() -> None:
    assert entry_type(tuple[PoolSpec, ...]) is PoolSpec
    assert entry_type(dict[str, PoolSpec]) is PoolSpec
    assert entry_type(PoolSpec | None) is PoolSpec
    assert entry_type(PoolSpec) is PoolSpec


# --- for editors


def test_the_schema_in_the_project_is_the_one_that_the_command_prints() -> None:
    written = (ROOT / "rules" / "rules.schema.json").read_text(encoding="utf-8")
    assert written == json_schema(), "run: .venv/bin/sidecar schema > rules/rules.schema.json"


def _resolve(schema: Any) -> Any:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return SCHEMA["$defs"][reference.removeprefix("#/$defs/")] | {
        name: value for name, value in schema.items() if name != "$ref"
    }


def _problems(schema: Any, value: object, path: str = "") -> list[str]:
    """What an editor would underline; the part of JSON Schema that is used here."""
    schema = _resolve(schema)
    if "anyOf" in schema:
        tries = [_problems(choice, value, path) for choice in schema["anyOf"]]
        return [] if [] in tries else min(tries, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{path}: not {schema['const']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: none of {schema['enum']}"]
    types = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}
    kind = schema.get("type")
    if kind and not isinstance(value, types[kind]):
        return [f"{path}: not of type {kind}"]
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return [f"{path}: {value!r} does not fit {schema['pattern']}"]
    if isinstance(value, dict):
        return _object_problems(schema, value, path)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [
            one for i, item in enumerate(value) for one in _problems(items, item, f"{path}[{i}]")
        ]
    return []


def _object_problems(schema: Any, value: dict[str, object], path: str) -> list[str]:
    properties = schema.get("properties", {})
    found = [f"{path}: no {name}" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        patterns = schema.get("patternProperties", {})
        fitting = [one for pattern, one in patterns.items() if re.search(pattern, name)]
        if name in properties:
            found += _problems(properties[name], item, f"{path}.{name}")
        elif fitting:
            found += _problems(fitting[0], item, f"{path}.{name}")
        elif schema.get("additionalProperties") is False or patterns:
            found.append(f"{path}: unknown {name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            found += _problems(schema["additionalProperties"], item, f"{path}.{name}")
    return found


GOOD = [*sorted((ROOT / "tests" / "rules").glob("*.good.yaml")), ROOT / "rules/hello.rules.yaml"]
BAD = sorted((ROOT / "tests" / "rules").glob("*.bad.yaml"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_editors_have_nothing_against_good_files(path: Path) -> None:
    assert _problems(SCHEMA, load(path.read_bytes(), "a").data) == []


#: What only the check itself can tell: about values, names and other fields.
_SHAPE = {"unknown-field", "missing-field", "unknown-word", "wrong-type", "not-supported-yet"}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_editors_underline_what_has_the_wrong_shape(path: Path) -> None:
    checked = check(path.read_bytes(), "a")
    codes = {one.code for one in checked.diagnostics}
    document = load(path.read_bytes(), "a")
    if document.is_readable and codes & _SHAPE:
        assert _problems(SCHEMA, document.data) or _is_misspelled_key(path)


def _is_misspelled_key(path: Path) -> bool:
    """Beside their own fields, some maps take declared keys: an editor cannot know which."""
    text = path.read_text(encoding="utf-8")
    maps = ("in match of", "in deny of", "in exempt of", "priority", "in units")
    return any(words in text for words in maps)


def test_every_field_has_a_description() -> None:
    for name, definition in {**SCHEMA["$defs"], "file": SCHEMA}.items():
        assert definition.get("description"), name
        for field, schema in definition.get("properties", {}).items():
            assert _resolve(schema).get("description"), f"{name}.{field}"


def test_nothing_that_is_not_supported_yet_is_offered() -> None:
    for word in ("traffic", "stores", "applies_to", "fleet", "maglev"):
        assert f'"{word}"' not in json_schema()


def test_defaults_stand_as_an_admin_would_write_them() -> None:
    limits = SCHEMA["$defs"]["InboundLimitsSpec"]["properties"]
    assert limits["request_line"]["default"] == "8KiB"
    assert limits["head_within"]["default"] == "10s"
    for definition in SCHEMA["$defs"].values():
        for schema in definition.get("properties", {}).values():
            assert schema.get("default", "x") not in (None, "", [], {})


def test_null_is_never_offered() -> None:
    assert '"null"' not in json_schema()


def test_a_kind_of_rule_is_known_by_its_spec() -> None:
    assert all(issubclass(kind, RuleSpec) for kind in RULE_KINDS.values())
