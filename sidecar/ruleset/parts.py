"""The entries of a rule file that are right by themselves, even when others are not.

So that one run finds a mistyped rate and the unknown upstream in the rule below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from sidecar.model.spec import RuleSpec, Spec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.schema import RuleFile, entry_type
from sidecar.ruleset.screen import Screened

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be looked at for references and contradictions."""

    #: Sections that are one map, and the entries of the others, by their place.
    specs: dict[Path, Spec]
    #: The names declared in `upstreams`, `keys` and `routes`, those of entries with errors
    #: included: who refers to one of these makes no mistake.
    names: dict[str, tuple[str, ...]]

    def of(self, kind: type[SpecT]) -> Iterator[tuple[Path, SpecT]]:
        """All specs of one kind with their places, in the order of the file."""
        for path, spec in self.specs.items():
            if isinstance(spec, kind):
                yield path, spec

    def rules(self) -> Iterator[tuple[Path, RuleSpec]]:
        """All rules, of whatever kind."""
        for path, spec in self.specs.items():
            if isinstance(spec, RuleSpec):
                yield path, spec

    def one(self, kind: type[SpecT]) -> SpecT | None:
        """The only spec of a kind, when it is there and right."""
        return next((spec for _, spec in self.of(kind)), None)


def salvage(screened: Screened) -> Parts:
    """Each section and entry that is right, read by itself."""
    specs: dict[Path, Spec] = {}
    for section, value in screened.data.items():
        field = RuleFile.model_fields.get(section)
        if field is None:
            continue
        for path, entry in _entries(section, value):
            spec = None if screened.removed_within(path) else _read(field.annotation, entry)
            if spec is not None:
                specs[path] = spec
    return Parts(specs, declared_names(screened.data))


def declared_names(data: dict[str, object]) -> dict[str, tuple[str, ...]]:
    """What `upstreams`, `keys` and `routes` call their entries."""
    names: dict[str, tuple[str, ...]] = {}
    for section in ("upstreams", "keys"):
        value = data.get(section)
        names[section] = tuple(value) if isinstance(value, dict) else ()
    routes = data.get("routes")
    entries = routes if isinstance(routes, list) else []
    names["routes"] = tuple(
        str(entry["name"]) for entry in entries if isinstance(entry, dict) and "name" in entry
    )
    return names


def _entries(section: str, value: object) -> Iterator[tuple[Path, object]]:
    """The entries of a list or of a map of names; a section that is one map as it is."""
    annotation = RuleFile.model_fields[section].annotation
    if entry_type(annotation) is annotation:
        yield (section,), value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield (section, name), entry
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield (section, index), entry


def _read(annotation: Any, value: object) -> Spec | None:
    try:
        spec = _adapter(entry_type(annotation)).validate_python(value)
    except ValidationError:
        # Said already, when the file was read as a whole.
        return None
    return spec if isinstance(spec, Spec) else None


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
