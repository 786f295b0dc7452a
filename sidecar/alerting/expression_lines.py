"""Long expressions in lines, so that people see what is compared with what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LONG: Final = 88
#: Strings with what is escaped in them, brackets, and operators with a space before them.
_TOKENS: Final = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|[(\[{]|[)\]}]| (?:and|or|unless|==|!=|>=?|<=?|\+|-|/|\*)(?= )"
)
#: Operators from the loosest to the tightest: where they meet, the looser one ends a line.
_LEVELS: Final = (
    {"or"},
    {"and", "unless"},
    {"==", "!=", ">", ">=", "<", "<="},
    {"+", "-"},
    {"/", "*"},
)


def in_lines(expression: str, indent: str = "") -> str:
    """The same expression, where it is long with a line for each side of its operators."""
    if len(indent) + len(expression) <= _LONG:
        return indent + expression
    for operators in _LEVELS:
        first, *others = _sides(expression, operators)
        if others:
            return "\n".join([in_lines(first, indent), *(_operand(one, indent) for one in others)])
    return _opened(expression, indent)


def _sides(expression: str, operators: set[str]) -> Iterator[str]:
    """What stands between these operators outside of brackets, each but the first with its own."""
    begin = 0
    for token, depth in _nested(expression):
        if depth == 0 and token[0].strip() in operators:
            yield expression[begin : token.start()]
            begin = token.start() + 1
    yield expression[begin:]


def _operand(side: str, indent: str) -> str:
    operator, _, operand = side.partition(" ")
    return f"{indent}{operator} {in_lines(operand, indent).removeprefix(indent)}"


def _opened(expression: str, indent: str) -> str:
    """What is in the last brackets on lines of its own."""
    if not expression.endswith(")"):
        return indent + expression
    opening = [at.start() for at, depth in _nested(expression) if at[0] == "(" and depth == 1]
    head, inner = expression[: opening[-1] + 1], expression[opening[-1] + 1 : -1]
    nested = in_lines(inner, f"{indent}  ")
    return f"{indent}{head}\n{nested}\n{indent})"


def _nested(expression: str) -> Iterator[tuple[re.Match[str], int]]:
    """The tokens with how many brackets are open at each, one that opens included."""
    depth = 0
    for token in _TOKENS.finditer(expression):
        depth += (token[0] in "([{") - (token[0] in ")]}")
        yield token, depth
