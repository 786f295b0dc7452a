"""The entries of a rule file taken one by one, so that one run finds all that is wrong.

A mistyped rate hides neither the unknown upstream in the rule below it nor the one beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from sidecar.model.spec import MatchSpec, RuleSpec, Spec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.schema import TOLD_APART, RuleFile, allows_keys, entry_spec, entry_type
from sidecar.ruleset.screen import Screened
from sidecar.ruleset.sections import PrioritySpec, RouteSpec
from sidecar.ruleset.slo_section import SloSpec

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be looked at for references and contradictions."""

    #: Sections that are one map, and the entries of the others, by their place: those that are
    #: right by themselves.
    specs: dict[Path, Spec]
    #: All of them, with whatever of each is right; required fields may be missing.
    drafts: dict[Path, Spec]
    #: The names declared in `upstreams`, `keys`, `routes` and `switches`, those of entries with
    #: errors included: who refers to one of these makes no mistake.
    names: dict[str, tuple[str, ...]]

    def of(self, kind: type[SpecT]) -> Iterator[tuple[Path, SpecT]]:
        """All right specs of one kind with their places, in the order of the file."""
        return _of_kind(self.specs, kind)

    def drafts_of(self, kind: type[SpecT]) -> Iterator[tuple[Path, SpecT]]:
        """All specs of one kind with their places, in the order of the file."""
        return _of_kind(self.drafts, kind)

    def one(self, kind: type[SpecT]) -> SpecT | None:
        """The only spec of a kind, when it is there and right."""
        return next((spec for _, spec in self.of(kind)), None)

    def rule_drafts(self) -> Iterator[tuple[Path, RuleSpec]]:
        """All rules, of whatever kind."""
        for path, spec in self.drafts.items():
            if isinstance(spec, RuleSpec):
                yield path, spec

    def match_drafts(self) -> Iterator[tuple[Path, MatchSpec]]:
        """Every `match`, with the place of the entry that it stands in."""
        for path, spec in self.drafts.items():
            if isinstance(spec, RuleSpec | RouteSpec | PrioritySpec | SloSpec):
                yield path, spec.match


def parts_of(file: RuleFile) -> Parts:
    """The sections and entries of a file without errors in its fields."""
    specs: dict[Path, Spec] = {}
    for section in file.model_fields_set:
        value = getattr(file, section)
        if isinstance(value, Spec):
            specs[section,] = value
        elif isinstance(value, dict):
            specs |= {(section, name): entry for name, entry in value.items()}
        elif isinstance(value, tuple):
            entries = enumerate(value)
            specs |= {(section, index): one for index, one in entries if isinstance(one, Spec)}
    names = {
        "upstreams": tuple(file.upstreams),
        "keys": tuple(file.keys),
        "routes": tuple(route.name for route in file.routes),
        "switches": file.switches,
    }
    return Parts(specs, specs, names)


def salvage(screened: Screened) -> Parts:
    """The sections and entries of a file with errors, as far as each is right."""
    specs: dict[Path, Spec] = {}
    drafts: dict[Path, Spec] = {}
    for section, value in screened.data.items():
        for path, entry in _entries(section, value):
            kind = entry_spec(section, entry)
            if kind is None:
                continue
            spec = _read(kind, entry)
            if spec is not None and not screened.removed_within(path):
                specs[path] = spec
            draft = spec if spec is not None else _draft(kind, entry)
            if draft is not None:
                drafts[path] = draft
    return Parts(specs, drafts, declared_names(screened.data))


def declared_names(data: dict[str, object]) -> dict[str, tuple[str, ...]]:
    """What `upstreams`, `keys`, `routes` and `switches` call their entries."""
    names: dict[str, tuple[str, ...]] = {}
    for section in ("upstreams", "keys"):
        value = data.get(section)
        names[section] = tuple(value) if isinstance(value, dict) else ()
    routes = data.get("routes")
    entries = routes if isinstance(routes, list) else []
    names["routes"] = tuple(
        str(entry["name"]) for entry in entries if isinstance(entry, dict) and "name" in entry
    )
    switches = data.get("switches")
    listed = switches if isinstance(switches, list) else []
    names["switches"] = tuple(one for one in listed if isinstance(one, str))
    return names


def _of_kind(specs: dict[Path, Spec], kind: type[SpecT]) -> Iterator[tuple[Path, SpecT]]:
    return ((path, spec) for path, spec in specs.items() if isinstance(spec, kind))


def _entries(section: str, value: object) -> Iterator[tuple[Path, object]]:
    """The entries of a list or of a map of names; a section that is one map as it is."""
    annotation = RuleFile.model_fields[section].annotation
    if section != TOLD_APART and get_origin(annotation) not in {dict, tuple}:
        yield (section,), value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield (section, name), entry
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield (section, index), entry


def _read(kind: type[Spec], value: object) -> Spec | None:
    try:
        return kind.model_validate(value)
    except ValidationError:
        # Said already, when the file was read as a whole.
        return None


def _draft(kind: type[Spec], data: object) -> Spec | None:
    """A spec of whatever is right in ``data``; None when that is no map."""
    if not isinstance(data, dict):
        return None
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        written = field.alias or name
        if written in data:
            value = _draft_value(kind, name, field, data[written])
            if value is not None:
                values[written] = value
    if allows_keys(kind):
        known = {field.alias or name for name, field in kind.model_fields.items()}
        values |= {name: () for name in data if name not in known}
    return kind.model_construct(**values)


def _draft_value(kind: type[Spec], name: str, field: FieldInfo, value: object) -> Any:
    try:
        return _adapter(kind, name).validate_python(value)
    except ValidationError:
        inner = entry_type(field.annotation)
        is_spec = isinstance(inner, type) and issubclass(inner, Spec)
        return _draft(inner, value) if is_spec else None


@cache
def _adapter(kind: type[Spec], name: str) -> TypeAdapter[Any]:
    field = kind.model_fields[name]
    annotation: Any = field.annotation
    for constraint in field.metadata:
        annotation = Annotated[annotation, constraint]
    return TypeAdapter(annotation)
