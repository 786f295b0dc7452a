"""What the package's own code says in its calls, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sidecar

_PACKAGE = Path(sidecar.__file__).parent


@cache
def _calls() -> tuple[tuple[str, ast.Call], ...]:
    found = []
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                name = node.func.id if isinstance(node.func, ast.Name) else name
                found.append((name, node))
    return tuple(found)


def calls_of(name: str) -> Iterator[ast.Call]:
    """Every call of a function, a method or a class of this name."""
    return (call for called, call in _calls() if called == name)


def words(name: str, position: int, keyword: str) -> set[str]:
    """The literals that are handed to ``name`` at this position or under this keyword."""
    found = set()
    for call in calls_of(name):
        given = [one.value for one in call.keywords if one.arg == keyword]
        for node in given + call.args[position : position + 1]:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def keywords(name: str) -> set[str]:
    """Every keyword that ``name`` is called with."""
    return {one.arg for call in calls_of(name) for one in call.keywords if one.arg is not None}
