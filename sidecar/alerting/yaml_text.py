"""YAML that people read and that YAML readers of every age understand alike."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

#: Text that no reader takes for anything else, not even one of YAML 1.1.
_PLAIN: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_-]*(?:[./:][A-Za-z0-9_-]+)*|(?:[0-9]+(?:ms|[dhms]))+"
)
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ENDLESS: Final = 1 << 20


class Lines(str):
    """Text that is shown as a block when it has several lines."""

    __slots__ = ()


def yaml_text(tree: object, header: Sequence[str] = ()) -> str:
    """The document, with the header as comments above it. The same tree gives the same text."""
    writer = YAML()
    writer.width = _ENDLESS  # a folded line is read as the same, and seen as another
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(_dressed(tree), out)
    comments = "".join(f"# {_one_line(line)}".rstrip() + "\n" for line in header)
    return comments + out.getvalue()


def _dressed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_dressed(key): _dressed(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_dressed(one) for one in value]
    if isinstance(value, Lines) and "\n" in value and all(map(str.isprintable, value.split("\n"))):
        return LiteralScalarString(value)
    return _quoted(value) if isinstance(value, str) else value


def _quoted(text: str) -> Any:
    if _is_plain(text):
        return str(text)
    # Only between double quotes anything can be written; without a need, quotes stay as they are.
    if '"' in text and text.isprintable():
        return SingleQuotedScalarString(text)
    return DoubleQuotedScalarString(text)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _one_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
