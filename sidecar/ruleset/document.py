"""Reads a rule file as YAML 1.2, strictly and within bounds; never raises for what it finds.

Anchors and aliases are allowed; tags, merge keys and duplicate keys are errors. Whatever the
bytes are, the answer is a ``Document`` with diagnostics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sidecar.ruleset.compose import compose
from sidecar.ruleset.diagnostics import Diagnostic, Span, finding, has_errors, in_order
from sidecar.ruleset.nodes import Mapping, Node, Path, plain_data, step

FILE_BYTES_AT_MOST = 1 << 20
_LINE_END = re.compile(r"\r\n|\r|\n")
#: C0 controls but for tab and line ends, DEL, C1 controls, and the separators that only some
#: editors count as line ends.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Document:
    """A rule file as far as it could be read."""

    name: str
    lines: tuple[str, ...]
    #: The map at the top; None when the text could not be read as one.
    root: Mapping | None
    #: In the order of the file.
    diagnostics: tuple[Diagnostic, ...]

    @property
    def data(self) -> dict[str, object]:
        """The content as dictionaries, lists and values; empty when it could not be read."""
        data = plain_data(self.root) if self.root is not None else None
        return data if isinstance(data, dict) else {}

    @property
    def is_readable(self) -> bool:
        """Whether it is a map without an error in its YAML."""
        return self.root is not None and not has_errors(self.diagnostics)

    def has(self, path: Path) -> bool:
        """Whether something stands at ``path``, right or wrong."""
        return self.root is not None and self._closest(path)[1] == len(path)

    def span(self, path: Path) -> Span:
        """The place of the value at ``path``, or of what comes closest above it."""
        return self._closest(path)[0].span if self.root is not None else Span(1, 1)

    def name_span(self, path: Path) -> Span:
        """The place of the field name that ``path`` ends with.

        Where the last step is not a field of that name, the place of the value.
        """
        if self.root is None or not path:
            return Span(1, 1)
        parent, depth = self._closest(path[:-1])
        if depth == len(path) - 1 and isinstance(parent, Mapping):
            found = parent.names.get(str(path[-1]))
            if found is None and path[-2:-1] == ("header",):
                # Names of header fields are known in lower case, however they are written.
                found = {name.lower(): span for name, span in parent.names.items()}.get(
                    str(path[-1])
                )
            if found is not None:
                return found
        return self.span(path)

    def holder_span(self, path: Path) -> Span:
        """Where to point at when something is missing in the map at ``path``.

        The name of the field that holds the map, or for an entry of a list its first line.
        """
        for length in range(len(path), 0, -1):
            node, depth = self._closest(path[:length])
            if depth == length:
                named = isinstance(path[length - 1], str)
                return self.name_span(path[:length]) if named else node.span
        return Span(1, 1)

    def _closest(self, path: Path) -> tuple[Node, int]:
        """The deepest node on the way along ``path``, and how many steps lead to it."""
        node: Node = self.root if self.root is not None else Mapping(Span(1, 1))
        for taken, part in enumerate(path):
            below = step(node, part)
            if below is None:
                return node, taken
            node = below
        return node, len(path)


def load(text: bytes | str, name: str) -> Document:
    """Read ``text``; ``name`` is the file's name in diagnostics. Never raises."""
    decoded, problem = _decoded(text, name)
    lines = tuple(_LINE_END.split(decoded))
    if problem is not None:
        return Document(name, lines, None, (problem,))
    root, diagnostics = compose(decoded, name, lines)
    if root is not None and not isinstance(root, Mapping):
        message = "the file is not a map of sections"
        diagnostics.append(
            finding("wrong-type", message, name, root.span, "begin with format: sidecar/v1")
        )
        root = None
    return Document(name, lines, root, in_order(diagnostics))


def _decoded(text: bytes | str, name: str) -> tuple[str, Diagnostic | None]:
    """The text, and why it is none if it is not."""
    size = len(text)
    if size > FILE_BYTES_AT_MOST:
        message = f"the file has {size} bytes; at most {FILE_BYTES_AT_MOST} are read"
        return "", finding("too-large", message, name, Span(1, 1))
    if isinstance(text, bytes):
        decoded = text.decode("utf-8", "replace")
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as error:
            span = _span_at(text[: error.start].decode("utf-8", "replace"))
            message = f"byte 0x{text[error.start]:02x} is not UTF-8"
            return decoded, finding("bad-encoding", message, name, span, "save it as UTF-8")
    else:
        decoded = text.encode("utf-8", "replace").decode("utf-8")
    decoded = decoded.removeprefix(_BOM)
    control = _CONTROL.search(decoded)
    if control is not None:
        span = _span_at(decoded[: control.start()])
        message = f"control character U+{ord(control[0]):04X}"
        return decoded, finding("bad-encoding", message, name, span, "remove it")
    return decoded, None


def _span_at(before: str) -> Span:
    lines = _LINE_END.split(before)
    return Span(len(lines), len(lines[-1]) + 1)
