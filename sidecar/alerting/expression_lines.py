"""Long expressions in lines, so that people see what is compared with what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LONG: Final = 88
#: Strings with what is escaped in them, brackets, and operators after which a part begins.
_TOKENS: Final = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|[(\[{]|[)\]}]| (?=(?:and|or|unless|/|>|<|>=|<=|==) )"
)


def in_lines(expression: str, indent: str = "") -> str:
    """The same expression, where it is long with a line for each side of its operators."""
    if len(indent) + len(expression) <= _LONG:
        return indent + expression
    return "\n".join(_part(part, indent) for part in _sides(expression))


def _sides(expression: str) -> Iterator[str]:
    """The parts between the outermost operators, each but the first with its operator."""
    begin = 0
    for token, depth in _nested(expression):
        if token[0] == " " and depth == 0:
            yield expression[begin : token.start()]
            begin = token.end()
    yield expression[begin:]


def _part(part: str, indent: str) -> str:
    """A part, where it is long with what is in its last brackets on lines of its own."""
    if len(indent) + len(part) <= _LONG or not part.endswith(")"):
        return indent + part
    opening = [token.start() for token, depth in _nested(part) if token[0] == "(" and depth == 1]
    inner = in_lines(part[opening[-1] + 1 : -1], f"{indent}  ")
    return f"{indent}{part[: opening[-1] + 1]}\n{inner}\n{indent})"


def _nested(expression: str) -> Iterator[tuple[re.Match[str], int]]:
    """The tokens with how many brackets are open at each, one that opens included."""
    depth = 0
    for token in _TOKENS.finditer(expression):
        depth += (token[0] in "([{") - (token[0] in ")]}")
        yield token, depth
