from __future__ import annotations

import math

import pytest

from sidecar.ruleset.diagnostics import Span
from sidecar.ruleset.nodes import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    plain_data,
    rename,
    resolve_plain,
    step,
)


@pytest.mark.parametrize(
    "text, value",
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"),
        # Booleans of YAML 1.1 are text.
        ("off", "off"), ("no", "no"), ("NO", "NO"), ("y", "y"), ("yes", "yes"), ("on", "on"),
        ("0", 0), ("42", 42), ("-7", -7), ("+7", 7), ("010", 10), ("0o17", 15), ("0x1F", 31),
        ("0O17", "0O17"), ("0b1", "0b1"), ("1_000", "1_000"),
        # Sexagesimal numbers of YAML 1.1 are text.
        ("1:30", "1:30"), ("22:22", "22:22"), ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf),
        ("-", "-"), (".", "."), ("1.2.3", "1.2.3"), ("5/s", "5/s"), ("10s", "10s"), ("=", "="),
        ("<<", "<<"), ("2001-01-01", "2001-01-01"), ("9" * 31, "9" * 31), ("1e99999", "1e99999"),
        ("٣", "٣"),
    ],
)  # fmt: skip
def test_unquoted_scalars_are_read_as_yaml_1_2_has_them(text: str, value: object) -> None:
    found = resolve_plain(text)
    assert (type(found), found) == (type(value), value)


def test_not_a_number() -> None:
    found = resolve_plain(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


def _tree() -> Mapping:
    here = Span(1, 1)
    root = Mapping(here)
    root.fields = {
        "a": Sequence(here, [Scalar(1, here), Scalar("x", here)]),
        "b": Scalar(None, here),
    }
    root.names = {"a": Span(1, 1), "b": Span(2, 1)}
    return root


def test_a_tree_as_plain_data() -> None:
    assert plain_data(_tree()) == {"a": [1, "x"], "b": None}


@pytest.mark.parametrize("part, found", [("a", True), ("c", False), (0, False), (-1, False)])
def test_a_step_into_a_map(part: str | int, found: bool) -> None:
    assert (step(_tree(), part) is not None) is found


def test_a_step_into_a_list() -> None:
    items = step(_tree(), "a")
    assert isinstance(items, Sequence)
    first: Node | None = step(items, 0)
    assert isinstance(first, Scalar)
    assert first.value == 1
    assert step(items, 2) is None
    assert step(items, -1) is None
    assert step(items, "0") is None
    assert step(first, 0) is None


def test_a_renamed_field_keeps_its_place() -> None:
    root = _tree()
    rename(root, "a", "first")
    assert [*root.fields] == ["first", "b"]
    assert root.names["first"] == Span(1, 1)
