from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.template import Template


@pytest.mark.parametrize(
    "text, names, filled",
    [
        ("", [], ""),
        ("no places", [], "no places"),
        ("{path}", ["path"], "<path>"),
        ("a {path} b {query.x-Y_1}", ["path", "query.x-Y_1"], "a <path> b <query.x-Y_1>"),
        ("{path}{path}", ["path"], "<path><path>"),
        ('{"a": {"b": "{path}"}}', ["path"], '{"a": {"b": "<path>"}}'),
        ("{} {1} {A} {a b} {a.} {a.b.c}", [], "{} {1} {A} {a b} {a.} {a.b.c}"),
        ("{{path}}", ["path"], "{<path>}"),
    ],
)
def test_places_are_filled_in(text: str, names: list[str], filled: str) -> None:
    template = Template(text)
    assert template.names == frozenset(names)
    assert template.fill(lambda name: f"<{name}>") == filled


@given(value=st.text())
def test_what_is_filled_in_is_not_looked_at_again(value: str) -> None:
    assert Template("a{path}b").fill(lambda _name: value + "{path}") == f"a{value}{{path}}b"
