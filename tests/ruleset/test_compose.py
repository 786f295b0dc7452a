from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.compose import DEPTH_AT_MOST, NODES_AT_MOST, compose
from sidecar.ruleset.nodes import Mapping, plain_data


def _read(text: str) -> tuple[object, list[tuple[str, int, int]]]:
    root, found = compose(text, "a", tuple(re.split(r"\r\n|\r|\n", text)))
    data = plain_data(root) if root is not None else None
    return data, [(one.code, one.line, one.column) for one in found]


@pytest.mark.parametrize(
    "text, data",
    [
        ("a: 1\nb: [x, 'y', \"z\"]\n", {"a": 1, "b": ["x", "y", "z"]}),
        ("a: '1'\nb: \"true\"\n", {"a": "1", "b": "true"}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("b: >\n  folded\n  text\n", {"b": "folded text\n"}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x 5\nb: *x\nc: &x 6\nd: *x\n", {"a": 5, "b": 5, "c": 6, "d": 6}),
        ("{bind: 0.0.0.0:8080, url: http://a:1/b}", {"bind": "0.0.0.0:8080", "url": "http://a:1/b"}),
        ("--- # start\na: 1\n...\n", {"a": 1}),
        ("%YAML 1.2\n---\na: 1\n", {"a": 1}),
        ("a:\n- 1\n- 2\n", {"a": [1, 2]}),
        ("? a\n: 1\n", {"a": 1}),
        ("a:\n", {"a": None}),
    ],
)  # fmt: skip
def test_yaml(text: str, data: object) -> None:
    assert _read(text) == (data, [])


@pytest.mark.parametrize(
    "text, found",
    [
        ("a: 1\nb: 2\na: 3\na: 4\n", [("duplicate-key", 3, 1), ("duplicate-key", 4, 1)]),
        ("a: {b: 1, 'b': 2}\n", [("duplicate-key", 1, 11)]),
        ("a: !x 1\nb: !!int '2'\n", [("yaml-tag", 1, 4), ("yaml-tag", 2, 4)]),
        ("a: &x {b: 1}\nc: {<<: *x}\n", [("yaml-merge", 2, 5)]),
        ("1: x\ntrue: y\n~: z\n", [("bad-key", 1, 1), ("bad-key", 2, 1), ("bad-key", 3, 1)]),
    ],
)
def test_what_is_wrong_but_lets_the_rest_be_read(
    text: str, found: list[tuple[str, int, int]]
) -> None:
    data, codes = _read(text)
    assert codes == found
    assert isinstance(data, dict)


@pytest.mark.parametrize(
    "text, found",
    [
        ("", ("bad-yaml", 1, 1)),
        ("# only a comment", ("bad-yaml", 1, 1)),
        ("a: b: c", ("bad-yaml", 1, 5)),
        ("a: {b", ("bad-yaml", 1, 4)),
        ("a: [b", ("bad-yaml", 1, 4)),
        ("a: 'b", ("bad-yaml", 1, 4)),
        ("\ta: b", ("bad-yaml", 1, 1)),
        ("a:\n b: 1\n  c: 2", ("bad-yaml", 3, 4)),
        ("a: @b", ("bad-yaml", 1, 4)),
        ("a: *b", ("bad-alias", 1, 4)),
        ("a: &b [*b]", ("bad-alias", 1, 8)),
        ("a: &b {c: {d: *b}}", ("bad-alias", 1, 15)),
        ("a: 1\n---\nb: 2\n", ("bad-yaml", 2, 1)),
        ("%YAML 1.1\n---\na: 1\n", ("bad-yaml", 2, 1)),
        ("%YAML 3.0\n---\na: 1\n", ("bad-yaml", 1, 1)),
        ("[a]: 1", ("bad-key", 1, 1)),
        ("{a: 1}: 1", ("bad-key", 1, 1)),
        ("a: !<x 1", ("bad-yaml", 1, 7)),
    ],
)
def test_what_ends_the_reading(text: str, found: tuple[str, int, int]) -> None:
    assert _read(text) == (None, [found])


def test_hints_for_what_people_stumble_over() -> None:
    for text, hint in [
        ("\ta: b", "spaces, not with tabs"),
        ("a: *bot*", '"*bot*"'),
        ("a: 'b", "close the quotes"),
        ("a: {b", "close the map with }"),
        ("a: b: c", "in quotes"),
        ("bind: [::1]:80", "begins with [ in quotes"),
    ]:
        _, found = compose(text, "a", (text,))
        assert hint in found[-1].hint, text


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{a: " * 200_000,
        "- " * 500_000,
        "b0: &b0 [x]\n" + "".join(f"b{i}: &b{i} [*b{i - 1}]\n" for i in range(1, 60)),
    ],
)
def test_depth_is_bounded(text: str) -> None:
    root, found = compose(text, "a", tuple(text.split("\n")))
    assert root is None
    assert [(one.code, one.message) for one in found] == [
        ("too-large", f"deeper than {DEPTH_AT_MOST} levels")
    ]


def test_depth_counts_levels() -> None:
    assert _read("[" * DEPTH_AT_MOST + "]" * DEPTH_AT_MOST)[1] == []
    deeper = DEPTH_AT_MOST + 1
    assert _read("[" * deeper + "]" * deeper)[1] == [("too-large", 1, deeper)]


def test_aliases_count_as_if_they_were_written_out() -> None:
    ten = ", ".join(["x"] * 10)
    laughs = f"a0: &a0 [{ten}]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
    )
    root, found = compose(laughs, "a", tuple(laughs.split("\n")))
    assert root is None
    assert [one.message for one in found] == [f"more than {NODES_AT_MOST} values"]


def test_shared_nodes_are_weighed() -> None:
    root, _ = compose("a: &x [1, 2]\nb: *x\n", "a", ("a: &x [1, 2]", "b: *x"))
    assert isinstance(root, Mapping)
    assert (root.weight, root.height) == (7, 2)


_PIECES = st.sampled_from(
    ["a", "b", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "&x ", "*x", "!t ", "'", '"',
     "|", ">", "#", "%YAML", "---", "...", "? ", "<<", "\t", "\\", "1", "~", "é", "\r", "@", "`"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_nothing_raises(text: str) -> None:
    root, found = compose(text, "a", tuple(re.split(r"\r\n|\r|\n", text)))
    lines = len(re.split(r"\r\n|\r|\n", text))
    assert root is not None or found
    for one in found:
        assert 1 <= one.line <= lines + 1
        assert one.column >= 1


@given(st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-10**9, 10**9), st.text("abc :#-\"'é", max_size=6)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4),
    ),
    max_leaves=12,
))  # fmt: skip
def test_what_json_says_yaml_says_too(data: object) -> None:
    # JSON is YAML 1.2 (1.2.2, 1.2).
    found, problems = _read(json.dumps(data, ensure_ascii=False))
    assert (found, problems) == (data, [])
