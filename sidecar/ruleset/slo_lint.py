"""What objectives (`slo`) that are right in themselves probably do not mean."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.places import Places
from sidecar.ruleset.schema import OTHER, RuleFile


def lint_objectives(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Warnings about `slo`."""
    yield from _never_counted(file, place)
    yield from _repeated(file, place)


def _never_counted(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Objectives count what comes in, and no probes."""
    arriving = {OTHER, *(route.name for route in file.routes if route.arrives)}
    probes = frozenset(file.listeners.inbound.probes)
    for index, one in enumerate(file.slo):
        if one.match.route and not arriving & {*one.match.route}:
            named = ", ".join(one.match.route)
            message = f"'{one.name}' counts what comes in, and {named} is only called"
            hint = "name a route that arrives"
            yield place.name("never-fires", ("slo", index, "match", "route"), message, hint)
        if one.match.path and {*one.match.path} <= probes:
            message = f"'{one.name}' counts nothing: health probes are left out"
            hint = "name other paths, or take these out of probes"
            yield place.name("never-fires", ("slo", index, "match", "path"), message, hint)


def _repeated(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """What is counted twice to be held against two targets at once."""
    for index, one in enumerate(file.slo):
        for earlier in file.slo[:index]:
            if (earlier.match, earlier.good, earlier.over) == (one.match, one.good, one.over):
                message = f"'{one.name}' counts what '{earlier.name}' counts, over the same time"
                hint = "keep the stricter target, or tell them apart by match, good or over"
                yield place.value("unused", ("slo", index, "name"), message, hint)
                break
