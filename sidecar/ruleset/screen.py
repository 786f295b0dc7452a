"""What can be said of a rule file before its values are read: fields left empty, fields to come.

What was found is taken out, so that nothing is complained about twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Mapping, Node, Path, Scalar
from sidecar.ruleset.planned import is_planned_field, is_planned_word

_LATER = "it is part of the language, but not of this version; leave it out"


@dataclass(slots=True)
class Screened:
    """The content of a rule file without what was found already."""

    data: dict[str, object]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    #: Where something was taken out.
    removed: list[Path] = field(default_factory=list)

    def removed_within(self, path: Path) -> bool:
        """Whether something was taken out at ``path`` or beneath it."""
        return any(one[: len(path)] == path for one in self.removed)


def screen(document: Document) -> Screened:
    """Take out of ``document`` what has no value and what is not supported yet."""
    screened = Screened({})
    if document.root is not None:
        data = _Screen(document, screened).screen(document.root, ())
        screened.data = data if isinstance(data, dict) else {}
    return screened


class _Screen:
    def __init__(self, document: Document, screened: Screened) -> None:
        self._document = document
        self._screened = screened

    def screen(self, node: Node, path: Path) -> object:
        """The content of ``node`` without what is reported."""
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Mapping):
            return {
                name: self.screen(value, (*path, name))
                for name, value in node.fields.items()
                if self._stays(value, (*path, name))
            }
        # An empty item is reported but keeps its place, so that the places of others stay true.
        for index, item in enumerate(node.items):
            self._stays(item, (*path, index))
        return [self.screen(item, (*path, index)) for index, item in enumerate(node.items)]

    def _stays(self, node: Node, path: Path) -> bool:
        found = self._finding(node, path)
        if found is None:
            return True
        self._screened.removed.append(path)
        self._screened.diagnostics.append(found)
        return False

    def _finding(self, node: Node, path: Path) -> Diagnostic | None:
        file, place = self._document.name, self._document.name_span(path)
        names = tuple(part for part in path if isinstance(part, str))
        value = node.value if isinstance(node, Scalar) else node
        if path[-1] == names[-1] and is_planned_field(names):
            message = f"'{names[-1]}' is not supported yet"
            return finding("not-supported-yet", message, file, place, _LATER)
        if is_planned_word(names, value):
            message = f"'{value}' is not supported yet"
            return finding("not-supported-yet", message, file, node.span, _LATER)
        if value is None:
            what = f"'{path[-1]}'" if path[-1] == names[-1] else "an entry of the list"
            hint = "write one, or leave it out"
            return finding("no-value", f"{what} has no value", file, place, hint)
        return None
