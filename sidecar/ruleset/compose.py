"""Builds the tree of a rule file from YAML events, without recursion and within bounds."""

from __future__ import annotations

from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from sidecar.ruleset.diagnostics import Diagnostic, Span, finding
from sidecar.ruleset.nodes import Mapping, Node, Scalar, Sequence, resolve_plain

DEPTH_AT_MOST: Final = 32
#: Counted as if every alias were written out, which is what a "billion laughs" file is made of.
NODES_AT_MOST: Final = 100_000

_QUOTE = "put the value in quotes"
#: Words of the YAML reader's complaints, and what most likely caused them.
_LIKELY = (
    ("found character '\\t'", "indent with spaces, not with tabs"),
    ("found character '\\\\t'", "indent with spaces, not with tabs"),
    ("mapping values are not allowed", "put text that holds ': ' in quotes; mind the indentation"),
    ("found character", f"a value cannot begin like this; {_QUOTE}"),
    ("while scanning an alias", f"a value cannot begin with *; {_QUOTE}"),
    ("while scanning a quoted scalar", "close the quotes on the same line"),
    ("did not find expected", "mind the indentation"),
    ("could not find expected ':'", "write NAME: VALUE"),
    ("expected <block end>", "mind the indentation; put a value that begins with [ in quotes"),
    ("flow mapping", f"close the map with }}; if a value holds brackets, {_QUOTE}"),
    ("flow sequence", f"close the list with ]; if this is no list, {_QUOTE}"),
)


def compose(text: str, name: str, lines: tuple[str, ...]) -> tuple[Node | None, list[Diagnostic]]:
    """The tree of the only document in ``text``, as far as it could be read. Never raises."""
    composer = _Composer(name, lines)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            composer.feed(event)
    except _Unreadable as stop:
        composer.found.append(stop.diagnostic)
        return None, composer.found
    except YAMLError as error:
        composer.found.append(_syntax_error(error, name, lines))
        return None, composer.found
    except Exception as error:  # noqa: BLE001 - a bug in the YAML reader must not stop a sidecar
        message = f"the YAML reader gave up: {type(error).__name__}"
        composer.found.append(finding("bad-yaml", message, name, Span(1, 1)))
        return None, composer.found
    if composer.root is None:
        message = "the file is empty"
        composer.found.append(
            finding("bad-yaml", message, name, Span(1, 1), "begin with format: sidecar/v1")
        )
    return composer.root, composer.found


class _Unreadable(Exception):  # noqa: N818 - it ends the reading; the diagnostic is the error
    """Nothing more can be read."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Open:
    """A map or list that is being read."""

    __slots__ = ("anchor", "key", "key_span", "node")

    def __init__(self, node: Mapping | Sequence, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        #: The name whose value comes next; None when a name comes next.
        self.key: str | None = None
        self.key_span = node.span


class _Composer:
    def __init__(self, name: str, lines: tuple[str, ...]) -> None:
        self.root: Node | None = None
        self.found: list[Diagnostic] = []
        self._name = name
        self._lines = lines
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def feed(self, event: Any) -> None:
        """Take the next event. Raises ``_Unreadable`` when it makes no sense to go on."""
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._end()
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, DocumentStartEvent):
            self._document(event)

    def _document(self, event: DocumentStartEvent) -> None:
        span = self._span(event)
        if self.root is not None:
            raise self._stop("bad-yaml", "a second document begins here", span, "use one per file")
        if event.version is not None and event.version != (1, 2):
            raise self._stop("bad-yaml", "only YAML 1.2 is read", span, "leave %YAML out")

    def _scalar(self, event: ScalarEvent) -> None:
        span = self._span(event)
        self._refuse_tag(event, span)
        plain = event.implicit[0] and not event.style
        node = Scalar(resolve_plain(event.value) if plain else event.value, span)
        self._place(node)
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _begin(self, event: CollectionStartEvent) -> None:
        span = self._span(event)
        self._refuse_tag(event, span)
        if len(self._open) >= DEPTH_AT_MOST:
            raise self._stop("too-large", f"deeper than {DEPTH_AT_MOST} levels", span)
        node = Mapping(span) if isinstance(event, MappingStartEvent) else Sequence(span)
        self._place(node)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        closed = self._open.pop()
        node = closed.node
        children = node.fields.values() if isinstance(node, Mapping) else node.items
        node.weight = 1 + sum(child.weight for child in children)
        node.height = 1 + max((child.height for child in children), default=0)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = node

    def _alias(self, event: AliasEvent) -> None:
        span = self._span(event)
        if event.anchor not in self._anchors:
            hint = f'to write text that begins with *, put it in quotes: "*{event.anchor}"'
            raise self._stop("bad-alias", f"*{event.anchor} stands for no anchor", span, hint)
        node = self._anchors[event.anchor]
        if node is None:
            raise self._stop("bad-alias", f"*{event.anchor} stands inside of itself", span)
        if len(self._open) + node.height > DEPTH_AT_MOST:
            raise self._stop("too-large", f"deeper than {DEPTH_AT_MOST} levels", span)
        self._place(node)

    def _place(self, node: Node) -> None:
        """Put a node where the next one belongs."""
        self._nodes += node.weight
        if self._nodes > NODES_AT_MOST:
            raise self._stop("too-large", f"more than {NODES_AT_MOST} values", node.span)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            self._name_field(parent, node)
        else:
            parent.node.fields.setdefault(parent.key, node)
            parent.node.names.setdefault(parent.key, parent.key_span)
            parent.key = None

    def _name_field(self, parent: _Open, node: Node) -> None:
        if not isinstance(node, Scalar):
            hint = _QUOTE if isinstance(node, Mapping) else ""
            raise self._stop("bad-key", "a map or list cannot name a field", node.span, hint)
        key = node.value
        if not isinstance(key, str):
            written = "null" if key is None else str(key).lower()
            message = f"{written} is not text, and cannot name a field"
            self._report("bad-key", message, node.span, f'put it in quotes: "{written}"')
            key = written
        elif key == "<<":
            self._report("yaml-merge", "<< is not part of YAML 1.2", node.span, "write it out")
        elif key in parent.node.names:  # type: ignore[union-attr]
            first = parent.node.names[key].line  # type: ignore[union-attr]
            message = f"'{key}' stands here for the second time (first on line {first})"
            self._report("duplicate-key", message, node.span, "keep one of them")
        parent.key = key
        parent.key_span = node.span

    def _refuse_tag(self, event: NodeEvent, span: Span) -> None:
        tag = getattr(event, "ctag", None)
        if tag is not None:
            self._report("yaml-tag", f"the tag {tag} has no place here", span, "remove it")

    def _span(self, event: Any) -> Span:
        return _span(event.start_mark, event.end_mark, self._lines)

    def _report(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.found.append(finding(code, message, self._name, span, hint))

    def _stop(self, code: str, message: str, span: Span, hint: str = "") -> _Unreadable:
        return _Unreadable(finding(code, message, self._name, span, hint))


def _span(start: Any, end: Any, lines: tuple[str, ...]) -> Span:
    """The part of the first line that belongs to what stands between two marks."""
    line = start.line
    if end is not None and end.line == line and end.column > start.column:
        return Span(line + 1, start.column + 1, end.column - start.column)
    rest = lines[line][start.column :] if line < len(lines) else ""
    return Span(line + 1, start.column + 1, max(1, len(rest.partition(" #")[0].rstrip())))


def _syntax_error(error: YAMLError, name: str, lines: tuple[str, ...]) -> Diagnostic:
    if isinstance(error, ReaderError):
        return finding("bad-encoding", "a character that YAML does not allow", name, Span(1, 1))
    if not isinstance(error, MarkedYAMLError):
        return finding("bad-yaml", "not YAML", name, Span(1, 1))
    said = " ".join(part for part in (error.problem, error.context) if part)
    # What was never closed is found at the end of the file; it is shown where it began.
    began = error.context_mark if "stream end" in said or "end of stream" in said else None
    mark = began or error.problem_mark or error.context_mark
    span = _span(mark, None, lines)._replace(length=1) if mark is not None else Span(1, 1)
    hint = next((hint for words, hint in _LIKELY if words in said), "")
    return finding("bad-yaml", f"not YAML: {said}" if said else "not YAML", name, span, hint)
