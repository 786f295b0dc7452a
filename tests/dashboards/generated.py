"""The dashboards as they are committed, taken apart: panels, what they ask, and of which series."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import promql_parser

from dashboards.__main__ import GENERATED

Json: TypeAlias = dict[str, Any]

BOARDS: Final = {path.name: path for path in sorted(GENERATED.glob("*.json"))}
#: Variables that stand for a length of time, as lengths that nobody would write.
WINDOWS: Final = {"$__rate_interval": "7001s", "$__range": "7002s", "$over": "7003s"}
#: Which of these a range is, by its seconds.
BY_SECONDS: Final = {int(length[:-1]): name for name, length in WINDOWS.items()}


def board(name: str) -> Json:
    """A fresh copy: a test may spoil it."""
    found: Json = json.loads(BOARDS[name].read_text(encoding="utf-8"))
    return found


def panels(whole: Json) -> Iterator[Json]:
    """All panels, also those in rows that are closed; rows themselves are none."""
    for panel in whole["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from (inner for inner in panel.get("panels", ()))


def targets(panel: Json) -> list[Json]:
    """What a panel asks."""
    found: list[Json] = panel.get("targets", [])
    return found


def is_prometheus(asked: Json) -> bool:
    """Whether a panel or a target asks Prometheus."""
    return bool(asked.get("datasource", {}).get("type") == "prometheus")


def asked_of_prometheus(whole: Json) -> Iterator[tuple[str, str]]:
    """Each query with the panel, or the mark, that asks it."""
    for panel in panels(whole):
        for target in targets(panel):
            if is_prometheus(target):
                yield panel["title"], target["expr"]
    for mark in whole["annotations"]["list"]:
        if is_prometheus(mark):
            yield f"annotation {mark['name']}", mark["expr"]


def variables(whole: Json) -> list[Json]:
    """The variables of a dashboard."""
    found: list[Json] = whole["templating"]["list"]
    return found


@cache
def parsed(expression: str) -> Any:
    """The tree of a query. Raises ValueError when it is none."""
    for name, length in WINDOWS.items():
        expression = re.sub(rf"\[{re.escape(name)}\]", f"[{length}]", expression)
    return promql_parser.parse(expression)


class Found(NamedTuple):
    """A selector in a query, with whatever stands around it, from outside in."""

    selector: Any
    around: tuple[Any, ...]

    @property
    def name(self) -> str:
        return str(self.selector.name)

    @property
    def matchers(self) -> dict[str, tuple[str, str]]:
        """Operator and value by label."""
        signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
        return {
            one.name: (signs[str(one.op).rpartition(".")[2]], one.value)
            for one in self.selector.matchers.matchers
        }


def selectors(node: Any, around: tuple[Any, ...] = ()) -> Iterator[Found]:
    """Every selector of a tree."""
    inner = (*around, node)
    match type(node).__name__:
        case "VectorSelector":
            yield Found(node, around)
        case "MatrixSelector":
            yield Found(node.vector_selector, inner)
        case "BinaryExpr":
            yield from selectors(node.lhs, inner)
            yield from selectors(node.rhs, inner)
        case "Call":
            for argument in node.args:
                yield from selectors(argument, inner)
        case "AggregateExpr" | "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            yield from selectors(node.expr, inner)
        case "NumberLiteral" | "StringLiteral":
            return
        case other:
            raise AssertionError(f"nobody knows what {other} is")
