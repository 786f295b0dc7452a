"""The shape of a rule file, and the only list of the kinds of rules there are.

Settings are maps, rules are lists of named entries. Adding a kind of rule is one field here: its
name, order in the chain, JSON Schema, checks and reload follow from the spec.
"""

from __future__ import annotations

import json
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic.fields import FieldInfo

from sidecar.model.reading import shown, unreadable
from sidecar.model.spec import MatchSpec, RuleSpec, Spec
from sidecar.model.values import KeyName, Name, Text
from sidecar.policies.access import AccessSpec
from sidecar.policies.breaker import BreakerSpec
from sidecar.policies.concurrency import ConcurrencySpec
from sidecar.policies.fallback import FallbackSpec
from sidecar.policies.fault import FaultSpec
from sidecar.policies.overload import OverloadSpec
from sidecar.policies.rate_limit import RateLimitSpec
from sidecar.policies.retry import RetrySpec
from sidecar.ruleset.admin_section import AdminSpec
from sidecar.ruleset.alerts_section import ALERT_KINDS, AlertEntry
from sidecar.ruleset.listener_sections import ListenersSpec
from sidecar.ruleset.nodes import Mapping, Node, Path, Scalar, step
from sidecar.ruleset.sections import (
    KeySpec,
    PrioritySpec,
    RouteSpec,
    TimeoutsSpec,
    TrustSpec,
    UpstreamSpec,
)
from sidecar.ruleset.slo_section import SloSpec
from sidecar.ruleset.telemetry_sections import Criticality, TelemetrySpec

FORMAT: Final = "sidecar/v1"
#: The name of what no route matches.
OTHER: Final = "other"
#: The section whose entries are told apart by their `kind`.
TOLD_APART: Final = "alerts"


def _known_format(value: object) -> str:
    if value == FORMAT:
        return FORMAT
    raise unreadable("unknown-format", f"{shown(value)} is not read here", f"write {FORMAT}")


class RuleFile(Spec):
    """What a rule file says, top to bottom in the order in which a request meets it."""

    format: Annotated[str, PlainValidator(_known_format), WithJsonSchema({"const": FORMAT})]
    """The version of this language."""
    service: Name
    """The name of the service, which stands in metrics and logs."""
    owner: Text = ""
    """Who is to be told when something is wrong with it; stands on its alerts."""
    listeners: ListenersSpec
    """Where requests come in."""
    trust: TrustSpec = TrustSpec()
    """Whom we believe, and what we tell."""
    upstreams: dict[Name, UpstreamSpec]
    """Services that requests are sent to, by name."""
    keys: dict[KeyName, KeySpec] = Field(default_factory=dict)
    """Values of the request that rules tell requests apart by, by name."""
    switches: tuple[Name, ...] = ()
    """Names of what operators can switch off by hand, for a while."""
    routes: tuple[RouteSpec, ...] = ()
    """Kinds of requests with a name; the first that matches wins, and `other` is the rest."""
    priorities: tuple[PrioritySpec, ...] = ()
    """Who is shed later and waits in front of others; the first that matches wins, and `medium`
    is the rest."""
    timeouts: TimeoutsSpec = TimeoutsSpec()
    """How long requests may take, unless their route says otherwise."""
    access: tuple[AccessSpec, ...] = ()
    """Who is let in."""
    faults: tuple[FaultSpec, ...] = ()
    """Requests that are delayed or refused on purpose."""
    rate_limits: tuple[RateLimitSpec, ...] = ()
    """So many requests in so long."""
    overload: tuple[OverloadSpec, ...] = ()
    """Who is turned away first when this host has too much to do."""
    concurrency: tuple[ConcurrencySpec, ...] = ()
    """So many requests at a time."""
    breakers: tuple[BreakerSpec, ...] = ()
    """Upstreams that fail or are slow are left alone for a while."""
    retries: tuple[RetrySpec, ...] = ()
    """What is tried again."""
    fallbacks: tuple[FallbackSpec, ...] = ()
    """What is answered instead."""
    slo: tuple[SloSpec, ...] = ()
    """How good requests are to be, and how many of them; each is counted."""
    alerts: tuple[AlertEntry, ...] | None = None
    """When somebody is told, and how urgently; what is usual for what the file has when left
    out, nothing when empty."""
    criticality: Criticality | None = None
    """How much others depend on this service: `critical`, `high`, `medium` or `low`; it is told
    with all telemetry, and changes nothing else."""
    telemetry: TelemetrySpec = TelemetrySpec()
    """What the sidecar tells about itself."""
    admin: AdminSpec | None = None
    """Answer operators over the network, too; on a Unix socket alone when left out."""

    @property
    def rules(self) -> tuple[tuple[Path, RuleSpec], ...]:
        """Every rule with its place in the file, kind by kind and in the order written."""
        return tuple(
            ((kind, index), rule)
            for kind in RULE_KINDS
            for index, rule in enumerate(getattr(self, kind))
        )

    @property
    def matches(self) -> tuple[tuple[Path, MatchSpec], ...]:
        """Every `match` with the place of the entry that it stands in."""
        return (
            *((("routes", index), route.match) for index, route in enumerate(self.routes)),
            *((("priorities", index), one.match) for index, one in enumerate(self.priorities)),
            *((("slo", index), one.match) for index, one in enumerate(self.slo)),
            *((path, rule.match) for path, rule in self.rules),
        )


def entry_type(annotation: Any) -> Any:
    """What the annotation is about in the end: ``X`` of ``tuple[X, ...] | None``."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        return entry_type(next(arg for arg in get_args(annotation) if arg is not type(None)))
    if origin is Annotated:
        return entry_type(get_args(annotation)[0])
    if origin is tuple:
        return entry_type(get_args(annotation)[0])
    if origin is dict:
        return entry_type(get_args(annotation)[1])
    return annotation


def _is_spec(candidate: Any, of: type[Spec] = Spec) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, of)


#: The kinds of rules, by the section that lists them.
RULE_KINDS: Final[dict[str, type[RuleSpec]]] = {
    name: entry
    for name, field in RuleFile.model_fields.items()
    if _is_spec(entry := entry_type(field.annotation), RuleSpec)
}


def fields_of(spec: type[Spec]) -> dict[str, Any]:
    """The names that may stand in a map, as written in the file, with their annotations."""
    return {field.alias or name: field.annotation for name, field in spec.model_fields.items()}


def field_at(path: Path, root: Node | None = None) -> FieldInfo | None:
    """The declaration of the field that ``path`` ends with, in the file whose top is ``root``."""
    spec = spec_at(path[:-1], root)
    fields = spec.model_fields.items() if spec is not None else ()
    return next((field for name, field in fields if path[-1] in {name, field.alias}), None)


def allows_keys(spec: type[Spec]) -> bool:
    """Whether declared keys may stand in the map beside its own fields."""
    return spec.model_config.get("extra") == "allow"


def spec_at(path: Path, root: Node | None = None) -> type[Spec] | None:
    """The spec of the map at ``path``; None where there is a plain value or nothing at all.

    What entries of ``alerts`` are follows from their ``kind`` in the file whose top is ``root``;
    of one whose kind nobody knows nothing is known.
    """
    annotation: Any = RuleFile
    if path == (TOLD_APART,):
        return None
    if path[:1] == (TOLD_APART,):
        annotation, path = ALERT_KINDS.get(_kind_in(root, path[:2])), path[2:]
    for part in path:
        annotation = _step(annotation, part)
    found = _among_values(annotation)
    if found is None and get_origin(annotation) not in {dict, tuple}:
        found = entry_type(annotation)
    return found if _is_spec(found) else None


def entry_spec(section: str, entry: object) -> type[Spec] | None:
    """The spec of an entry of a section, or of the section when it is one map itself.

    None where entries are plain values, and where nobody knows what this one is.
    """
    if section == TOLD_APART:
        kind = entry.get("kind") if isinstance(entry, dict) else None
        return ALERT_KINDS.get(kind) if isinstance(kind, str) else None
    spec = entry_type(RuleFile.model_fields[section].annotation)
    return spec if _is_spec(spec) else None


def _kind_in(root: Node | None, path: Path) -> str:
    """The ``kind`` of the entry at ``path``; empty where there is none."""
    node = root
    for part in path:
        node = step(node, part) if node is not None else None
    kind = node.fields.get("kind") if isinstance(node, Mapping) else None
    return kind.value if isinstance(kind, Scalar) and isinstance(kind.value, str) else ""


def _step(annotation: Any, part: str | int) -> Any:
    """What stands one step below; None for nothing that is a map or holds one."""
    mixed = _among_values(annotation)
    if mixed is not None and isinstance(part, str):
        # A map that stands alone where a list of it could.
        annotation = mixed
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    if origin in {dict, tuple}:
        return get_args(annotation)[1 if origin is dict else 0]
    spec = entry_type(annotation)
    if not isinstance(part, str) or not _is_spec(spec):
        return None
    known = fields_of(spec)
    return known[part] if part in known else _values_of_keys(spec)


def _among_values(annotation: Any) -> type[Spec] | None:
    """The spec that may stand in place of a plain value, alone or in a list of such."""
    while get_origin(annotation) in {Annotated, tuple}:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in {Union, UnionType}:
        return None
    choices = [entry_type(one) for one in get_args(annotation) if one is not type(None)]
    specs = [one for one in choices if _is_spec(one)]
    return specs[0] if specs and len(choices) > 1 else None


@cache
def _values_of_keys(spec: type[Spec]) -> Any:
    """What the declared keys that may stand in a map have for values."""
    if not allows_keys(spec):
        return None
    return get_args(get_type_hints(spec, include_extras=True)["__pydantic_extra__"])[1]


def json_schema() -> str:
    """The JSON Schema of a rule file, for editors."""
    schema = RuleFile.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_tidied(schema),
        "title": f"Rule file of the sidecar ({FORMAT})",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _tidied(schema: Any) -> Any:
    """Without what only says that Python was here: titles, nulls and empty defaults."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _NAMED:
            # The words in here are names of fields: `default` is one of them.
            kept[word] = {name: _tidied(below) for name, below in value.items()}
        elif word == "oneOf":
            # Told apart by their types: never more than one of them fits.
            kept["anyOf"] = _tidied(value)
        elif word not in _LEFT_OUT and not (word == "default" and _says_nothing(value)):
            kept[word] = value if word == "default" else _tidied(value)
    if "oneOf" in kept:
        # What tells the forms of a value apart is how they look; editors say more of `anyOf`.
        kept["anyOf"] = kept.pop("oneOf")
    choices = kept.get("anyOf", [])
    if {"type": "null"} in choices:
        (choice,) = (choice for choice in choices if choice != {"type": "null"})
        del kept["anyOf"]
        kept = {**choice, **kept}
    return kept


_NAMED = frozenset({"properties", "patternProperties", "$defs"})
_LEFT_OUT = frozenset({"title", "discriminator"})


def _says_nothing(default: object) -> bool:
    return isinstance(default, dict | list) or default in {None, ""}
