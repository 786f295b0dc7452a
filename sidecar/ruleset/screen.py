"""What can be said of a rule file before its values are read: which fields it has.

A misspelled field is reported and then read as what was meant; fields that are empty, unknown or
part of a later version are reported and taken out. So nothing is complained about twice, and a
slip in one word hides nothing of what stands below it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.model.reading import closest
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Mapping, Node, Path, Scalar, rename
from sidecar.ruleset.planned import is_planned_field, is_planned_word
from sidecar.ruleset.schema import TOLD_APART, RuleFile, allows_keys, fields_of, spec_at
from sidecar.ruleset.words import unknown_field

#: So much alike must a field be that is not there, where another one is there and closer.
_LIKELY = 0.7
#: Fields that an entry of `alerts` may have whatever its kind turns out to be.
_OF_ANY_KIND = tuple(
    dict.fromkeys(name for kind in ALERT_KINDS.values() for name in fields_of(kind))
)
_LATER = "it is part of the language, but not of this version; leave it out"


@dataclass(slots=True)
class Screened:
    """The content of a rule file without what was found already."""

    data: dict[str, object]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    #: Where something was taken out, and every place above.
    _touched: set[Path] = field(default_factory=set)

    def remove(self, path: Path) -> None:
        """Something was taken out at ``path``."""
        self._touched.update(path[:length] for length in range(len(path) + 1))

    def removed_within(self, path: Path) -> bool:
        """Whether something was taken out at ``path`` or beneath it."""
        return path in self._touched


def screen(document: Document) -> Screened:
    """Look through all fields of ``document``.

    Names of fields that are misspelled without doubt are put right in the document's tree.
    """
    screened = Screened({})
    if document.root is not None:
        look = _Screen(document, screened)
        look.mend_names(document.root, (), tuple(fields_of(RuleFile)))
        keys = document.root.fields.get("keys")
        look.key_names = tuple(keys.fields) if isinstance(keys, Mapping) else ()
        data = look.content(document.root, ())
        screened.data = data if isinstance(data, dict) else {}
    return screened


class _Screen:
    def __init__(self, document: Document, screened: Screened) -> None:
        self.key_names: tuple[str, ...] = ()
        self._document = document
        self._screened = screened

    def mend_names(self, node: Mapping, path: Path, known: tuple[str, ...]) -> None:
        """Report the fields of a map that are not ``known``; put right what is misspelled."""
        for name in [*node.fields]:
            place = (*path, name)
            if name in known or is_planned_field(_names(place)):
                continue
            # What stands there already was hardly meant a second time.
            missing = [one for one in known if one not in node.fields]
            meant = closest(name, missing, _LIKELY) or closest(name, known)
            self._screened.diagnostics.append(unknown_field(place, self._document, known, meant))
            if meant is not None and meant not in node.fields:
                rename(node, name, meant)
            else:
                self._screened.remove(place)
                del node.fields[name]

    def _mend_kind(self, node: Mapping, path: Path) -> None:
        """Put right the one field that says which fields there are."""
        kind = node.fields.get("kind")
        if kind is None or not isinstance(kind, Scalar) or kind.value not in ALERT_KINDS:
            self.mend_names(node, path, _OF_ANY_KIND)

    def content(self, node: Node, path: Path) -> object:
        """The content of ``node`` without what is reported."""
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Mapping):
            if len(path) == 2 and path[0] == TOLD_APART:
                self._mend_kind(node, path)
            spec = spec_at(path, self._document.root)
            if spec is not None:
                keys = self.key_names if allows_keys(spec) else ()
                self.mend_names(node, path, (*fields_of(spec), *keys))
            return {
                name: self.content(value, (*path, name))
                for name, value in node.fields.items()
                if self._stays(value, (*path, name))
            }
        # An empty item is reported but keeps its place, so that the places of others stay true.
        for index, item in enumerate(node.items):
            self._stays(item, (*path, index))
        return [self.content(item, (*path, index)) for index, item in enumerate(node.items)]

    def _stays(self, node: Node, path: Path) -> bool:
        found = self._finding(node, path)
        if found is None:
            return True
        self._screened.remove(path)
        self._screened.diagnostics.append(found)
        return False

    def _finding(self, node: Node, path: Path) -> Diagnostic | None:
        names = _names(path)
        value = node.value if isinstance(node, Scalar) else node
        if path[-1] == names[-1] and is_planned_field(names):
            message = f"'{names[-1]}' is not supported yet"
            return self._at_name("not-supported-yet", message, path, _LATER)
        if is_planned_word(names, value):
            message = f"'{value}' is not supported yet"
            return finding("not-supported-yet", message, self._document.name, node.span, _LATER)
        if value is None and not _is_in_json(path):
            what = f"'{path[-1]}'" if path[-1] == names[-1] else "an entry of the list"
            hint = "write one, or leave it out"
            return self._at_name("no-value", f"{what} has no value", path, hint)
        return None

    def _at_name(self, code: str, message: str, path: Path, hint: str) -> Diagnostic:
        document = self._document
        return finding(code, message, document.name, document.name_span(path), hint)


def _is_in_json(path: Path) -> bool:
    """Whether it is part of what is answered as it stands, where null is a value like others."""
    within = _names(path)[:4] == ("fallbacks", "try", "body", "json")
    return within and path.index("json") < len(path) - 1


def _names(path: Path) -> tuple[str, ...]:
    """The way through maps alone, without places in lists."""
    return tuple(part for part in path if isinstance(part, str))
