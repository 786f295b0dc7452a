"""Why a rule does not hold for a request: the first of its conditions that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.model.spec import MatchSpec
from sidecar.ruleset.matching import compile_match
from sidecar.ruleset.path_index import PathIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.model.http import RequestHead
    from sidecar.model.policy import Key, Rule
    from sidecar.ruleset.routes import Route
    from sidecar.ruleset.schema import RuleFile


class Standing:
    """What the rules of a file ask of a request that took a certain route."""

    def __init__(self, file: RuleFile, route: Route, keys: Mapping[str, Key]) -> None:
        self._specs = {f"{spec.kind}/{spec.name}": spec for _, spec in file.rules}
        self._route = route
        self._keys = keys

    def why_not(self, rule: Rule, request: RequestHead) -> str:
        """The condition that keeps the rule from holding, in the words of the rule file."""
        spec = self._specs[rule.label]
        if spec.upstream and self._route.cluster.name not in spec.upstream:
            return f"it is for what goes to {_listed(spec.upstream)}"
        match = spec.match
        if match.route and self._route.name not in match.route:
            return f"route is {self._route.name}, not {_listed(match.route)}"
        if match.path and not PathIndex((path, 0) for path in match.path).find(request.path):
            return f"path is not {_listed(match.path)}"
        for condition, one in _conditions(match):
            test = compile_match(one, self._keys)
            if test is not None and not test(request):
                return f"{condition} does not fit"
        return "health probes pass it" if not spec.upstream else "it does not hold here"


def _conditions(match: MatchSpec) -> Iterator[tuple[str, MatchSpec]]:
    """Every condition but route and path alone, with how the rule file writes it."""
    for field in match.model_fields_set - {"route", "path"}:
        value = getattr(match, field)
        if isinstance(value, dict):
            for name, globs in value.items():
                yield f"{field} {name}: {_listed(globs)}", _only(field, {name: globs})
        else:
            yield f"{field}: {_listed(value)}", _only(field, value)
    for name, globs in match.keys.items():
        yield f"{name}: {_listed(globs)}", _only(name, globs)


def _only(field: str, value: object) -> MatchSpec:
    values: dict[str, Any] = {field: value}
    return MatchSpec.model_construct(**values)


def _listed(values: object) -> str:
    if isinstance(values, tuple | list | frozenset):
        return " or ".join(str(getattr(one, "value", one)) for one in values)
    return str(values)
