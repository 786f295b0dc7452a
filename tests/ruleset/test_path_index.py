from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.path_index import PathIndex
from sidecar.ruleset.path_pattern import path_test

_SEGMENTS = st.sampled_from(["a", "b", "c", "*", "a*", "*b", "a*b", ""])
_PATTERNS = st.lists(_SEGMENTS, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "/".join([*parts, "**"]), "/**"])
)
_PATHS = st.lists(
    st.sampled_from([b"a", b"b", b"ab", b"axb", b"", b"zz"]), min_size=1, max_size=4
).map(lambda parts: b"/" + b"/".join(parts))


@given(st.lists(_PATTERNS, max_size=12), st.lists(_PATHS, max_size=12))
def test_the_index_finds_what_asking_every_pattern_finds(
    patterns: list[str], paths: list[bytes]
) -> None:
    index = PathIndex((pattern, number) for number, pattern in enumerate(patterns))
    for path in (*paths, b"*", b"/"):
        asked = {number for number, one in enumerate(patterns) if path_test([one])(path)}
        assert index.find(path) == asked


def test_one_number_may_have_several_patterns() -> None:
    index = PathIndex([("/a", 1), ("/b/**", 1), ("/b/c", 2), ("/a", 2)])
    assert index.find(b"/a") == {1, 2}
    assert index.find(b"/b/c") == {1, 2}
    assert index.find(b"/b") == {1}
    assert index.find(b"/c") == frozenset()


def test_no_pattern_matches_nothing() -> None:
    assert PathIndex([]).find(b"/") == frozenset()


def test_a_look_up_asks_no_pattern_that_begins_otherwise() -> None:
    """The work for a path is that of its segments, however many other patterns there are."""
    index = PathIndex((f"/area{number}/*/x", number) for number in range(500))
    root = index._root
    assert len(root.literals) == 500
    assert not root.globs
    assert all(len(node.globs) == 1 for node in root.literals.values())
    assert index.find(b"/area7/1/x") == {7}


def test_paths_spelled_out_are_one_look_up() -> None:
    index = PathIndex([("/a/b", 1), ("/a/*", 2), ("/**", 3)])
    assert index._known == {b"/a/b": {1, 2, 3}}
    assert index.find(b"/a/b") is index.find(b"/a/b")
