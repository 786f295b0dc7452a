"""The configuration in force: what is written, the default of what is not, and no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import PydanticUndefined

from sidecar.model.spec import Spec
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Mapping, Node, Scalar, Sequence
from sidecar.ruleset.schema import RuleFile

MASKED: Final = "***"
#: Fields that hold a secret when a text stands there, and not where to find one.
_SECRET: Final = re.compile(r"(^|_)(token|password|passphrase|secret|api_key|apikey)s?$")
#: What stands before the @ of a URL.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def configuration(file: RuleFile, document: Document) -> dict[str, Any]:
    """Every field of the file, as an admin would write it."""
    return _of_spec(file, document.root)


def masked_text(document: Document) -> str:
    """The text of the file without the secrets that stand in it literally."""
    lines = list(document.lines)
    if document.root is not None:
        found = _secrets(document.root, is_secret=False)
        # From the end, so that the places of those before stay right.
        for scalar in sorted(found, key=lambda one: (one.span.line, -one.span.column)):
            row = scalar.span.line - 1
            start = scalar.span.column - 1
            lines[row] = lines[row][:start] + MASKED + lines[row][start + scalar.span.length :]
    return "\n".join(_CREDENTIALS.sub(MASKED, line) for line in lines)


def _of_spec(spec: Spec, node: Node | None) -> dict[str, Any]:
    written = node.fields if isinstance(node, Mapping) else {}
    shown = {}
    for name, field in type(spec).model_fields.items():
        word = field.alias or name
        value = getattr(spec, name)
        if word in written:
            shown[word] = _of_value(value, written[word], is_secret=is_secret(word))
        elif isinstance(value, Spec):
            shown[word] = _of_spec(value, None)
        else:
            shown[word] = _plain(field.default if field.default is not PydanticUndefined else None)
    # Keys of `match`, whose names are the admin's.
    shown |= {word: _of_node(one) for word, one in written.items() if word not in shown}
    return shown


def _of_value(value: Any, node: Node, *, is_secret: bool) -> Any:
    if isinstance(value, Spec):
        return _of_spec(value, node)
    if isinstance(value, tuple) and isinstance(node, Sequence) and len(value) == len(node.items):
        pairs = zip(value, node.items, strict=True)
        return [_of_value(one, below, is_secret=is_secret) for one, below in pairs]
    if isinstance(value, dict) and isinstance(node, Mapping):
        return {
            name: _of_value(value.get(name), below, is_secret=is_secret)
            for name, below in node.fields.items()
        }
    return _of_node(node, is_secret=is_secret)


def _of_node(node: Node, *, is_secret: bool = False) -> Any:
    if isinstance(node, Mapping):
        return {name: _of_node(one, is_secret=_hides(name)) for name, one in node.fields.items()}
    if isinstance(node, Sequence):
        return [_of_node(one, is_secret=is_secret) for one in node.items]
    if is_secret and node.value is not None:
        return MASKED
    value = node.value
    return _CREDENTIALS.sub(MASKED, value) if isinstance(value, str) else value


def _plain(default: Any) -> Any:
    """A default as it would be written."""
    if isinstance(default, tuple | list):
        return [_plain(one) for one in default]
    if isinstance(default, dict | str | int | float | bool) or default is None:
        return default
    return str(getattr(default, "value", default))


def is_secret(word: str) -> bool:
    """Whether a text in the field of this name is a secret."""
    return _SECRET.search(word) is not None


_hides = is_secret


def _secrets(node: Node, *, is_secret: bool) -> Iterator[Scalar]:
    if isinstance(node, Mapping):
        for name, below in node.fields.items():
            yield from _secrets(below, is_secret=_hides(name) and not isinstance(below, Mapping))
    elif isinstance(node, Sequence):
        for below in node.items:
            yield from _secrets(below, is_secret=is_secret)
    elif is_secret and node.value is not None:
        yield node
