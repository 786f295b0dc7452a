"""The rule file as a tree in which everything still knows its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sidecar.ruleset.diagnostics import Span

#: Where something stands: names of fields and indices of lists, from the root down.
Path = tuple[str | int, ...]

#: What a plain scalar is read as (YAML 1.2, 10.3.2, core schema). ``off``, ``no`` and ``1:30``
#: are text, ``010`` is ten.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_OCTAL = re.compile(r"0o[0-7]{1,30}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,4})?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

Plain = str | int | float | bool | None


@dataclass(slots=True)
class Scalar:
    """A single value; ``value`` as YAML 1.2 reads it."""

    value: Plain
    span: Span

    #: Nodes beneath and including this one; levels likewise.
    weight = 1
    height = 0


@dataclass(slots=True)
class Mapping:
    """A map: fields in the order written, each with the place of its name."""

    span: Span
    fields: dict[str, Node] = field(default_factory=dict)
    names: dict[str, Span] = field(default_factory=dict)
    weight: int = 1
    height: int = 1


@dataclass(slots=True)
class Sequence:
    """A list."""

    span: Span
    items: list[Node] = field(default_factory=list)
    weight: int = 1
    height: int = 1


Node = Scalar | Mapping | Sequence


def resolve_plain(text: str) -> Plain:
    """What an unquoted scalar means in the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) or _SPECIAL_FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def plain_data(node: Node) -> object:
    """The tree as dictionaries, lists and values; shared nodes stay shared in memory only."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {name: plain_data(value) for name, value in node.fields.items()}
    return [plain_data(item) for item in node.items]


def step(node: Node, part: str | int) -> Node | None:
    """The node one step down, if there is one."""
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.fields.get(part)
    if isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def rename(node: Mapping, name: str, meant: str) -> None:
    """Give a field another name; it keeps its place."""
    node.fields = {meant if one == name else one: value for one, value in node.fields.items()}
    node.names[meant] = node.names[name]
