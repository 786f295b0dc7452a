"""Sentences about places in a rule file that several checks have in common."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.model.reading import closest
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Mapping, Path, step
from sidecar.ruleset.planned import planned_beside


def unknown_field(
    path: Path, document: Document, known: Sequence[str], meant: str | None
) -> Diagnostic:
    """There is no such field as ``path`` ends with; there are the ``known`` ones."""
    name = str(path[-1])
    names = tuple(part for part in path[:-1] if isinstance(part, str))
    later = closest(name, planned_beside(names)) if meant is None else None
    if meant is not None:
        hint = f"did you mean {meant}?"
    elif later is not None:
        hint = f"if you mean {later}: that is not supported yet"
    else:
        hint = f"there are: {', '.join(known)}" if known else ""
    message = f"unknown field '{name}' {where(path[:-1], document)}"
    return finding("unknown-field", message, document.name, document.name_span(path), hint)


def where(path: Path, document: Document) -> str:
    """The place of a map in words, such as ``in rate_limits 'each-client'``."""
    if not path:
        return "at the top of the file"
    names = [str(part) for part in path if isinstance(part, str)]
    entry = path[:2]
    if len(entry) == 2 and isinstance(entry[1], int):
        node = document.root and step(document.root, entry[0])
        item = step(node, entry[1]) if node else None
        name = item.fields.get("name") if isinstance(item, Mapping) else None
        called = getattr(name, "value", None)
        label = f"{entry[0]} '{called}'" if isinstance(called, str) else f"{entry[0]}"
        inner = ".".join(names[1:])
        return f"in {inner} of {label}" if inner else f"in {label}"
    return f"in {'.'.join(names)}"
