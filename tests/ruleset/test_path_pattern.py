from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.path_pattern import (
    covers,
    has_readings,
    is_literal,
    path_test,
    readings,
    segment_test,
    segments_of,
    segments_test,
)
from sidecar.wire.path import read_path
from sidecar.wire.rejection import Rejected


@pytest.mark.parametrize(
    "pattern, segments",
    [
        ("/", (b"",)),
        ("/a/b", (b"a", b"b")),
        ("/a/", (b"a", b"")),
        ("/a/*/**", (b"a", b"*", b"**")),
        ("/café", (b"caf%C3%A9",)),
        ("/a%2fb", (b"a%2Fb",)),
        ("/a;b=c@d", (b"a;b=c@d",)),
        ("/~a-b_c.d", (b"~a-b_c.d",)),
    ],
)
def test_patterns_are_spelled_as_paths_are(pattern: str, segments: tuple[bytes, ...]) -> None:
    assert segments_of(pattern) == segments


@pytest.mark.parametrize("pattern, literal", [("/a/b", True), ("/a*", False), ("/a/**", False)])
def test_a_literal_pattern_has_one_path(pattern: str, literal: bool) -> None:
    assert is_literal(segments_of(pattern)) is literal


@pytest.mark.parametrize(
    "pattern, path, matches",
    [
        ("/a", b"/a", True), ("/a", b"/a/", False), ("/a", b"/A", False), ("/a", b"/ab", False),
        ("/", b"/", True), ("/", b"/a", False), ("/a/", b"/a/", True), ("/a/", b"/a", False),
        ("/café", b"/caf%C3%A9", True),
        # A whole segment: at least one character.
        ("/skus/*/stock", b"/skus/1/stock", True), ("/skus/*/stock", b"/skus//stock", False),
        ("/skus/*/stock", b"/skus/1/2/stock", False), ("/skus/*/stock", b"/skus/1/stock/", False),
        ("/*", b"/", False), ("/*", b"/a", True), ("/*", b"/a/b", False),
        # Part of a segment: any characters, none included.
        ("/f/*.php", b"/f/x.php", True), ("/f/*.php", b"/f/.php", True),
        ("/f/*.php", b"/f/x/y.php", False), ("/v*/x", b"/v1/x", True), ("/v*/x", b"/v/x", True),
        ("/a*b*c", b"/aXbYc", True), ("/a*b*c", b"/abc", True), ("/a*b*c", b"/acb", False),
        # The rest: nothing or everything beneath.
        ("/admin/**", b"/admin", True), ("/admin/**", b"/admin/", True),
        ("/admin/**", b"/admin/a/b", True), ("/admin/**", b"/administrator", False),
        ("/admin/**", b"/", False), ("/**", b"/", True), ("/**", b"/a/b", True),
        ("/*/x/**", b"/a/x", True), ("/*/x/**", b"/a/x/y/z", True), ("/*/x/**", b"/a/y", False),
        ("/*/x/**", b"//x", False), ("/**", b"*", False), ("/*", b"*", False),
    ],
)  # fmt: skip
def test_what_a_pattern_matches(pattern: str, path: bytes, matches: bool) -> None:
    assert path_test([pattern])(path) is matches


def test_any_of_several_patterns() -> None:
    test = path_test(["/a", "/b/**", "/c", "/*.css"])
    assert [test(path) for path in (b"/a", b"/b/x", b"/c", b"/x.css", b"/d")] == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert path_test(["/a", "/b"])(b"/b")
    assert not path_test(["/a", "/b"])(b"/c")


def test_one_segment() -> None:
    assert segment_test(b"*")(b"x")
    assert not segment_test(b"*")(b"")
    assert segment_test(b"a")(b"a")
    assert not segment_test(b"a")(b"b")
    assert segment_test(b"a*")(b"ab")
    assert segments_test((b"*", b"b"))(b"/a/b")


def test_a_hostile_path_costs_no_more_than_its_length() -> None:
    test = path_test(["/*a*a*a*a*a*a*a*a*b"])
    assert not test(b"/" + b"a" * 8000)


@pytest.mark.parametrize(
    "path, other",
    [
        (b"//admin", b"/admin"),
        (b"/a///b", b"/a/b"),
        (b"/%2561dmin", b"/admin"),
        (b"/%2561dmin/%25zz", b"/admin/%25zz"),
        (b"/a/%252e%252e/admin", b"/admin"),
        (b"/a//%252e%252e/admin", b"/admin"),
        (b"/a//%252e%252e/admin", b"/a/admin"),
        (b"/a%2F..%2Fadmin", b"/admin"),
        (b"/%2Fadmin", b"/admin"),
        (b"/admin;x=1/y", b"/admin/y"),
        (b"/x/..;/admin", b"/admin"),
        (b"/x/..%3B/admin", b"/admin"),
        (b"/a%3Bb/c", b"/a/c"),
    ],
)
def test_other_readings_of_a_path(path: bytes, other: bytes) -> None:
    found = readings(path)
    assert found[0] == path
    assert other in found
    assert has_readings(path)


@pytest.mark.parametrize("path", [b"/", b"/admin", b"/a/b.c", b"/a/", b"*"])
def test_most_paths_have_one_reading(path: bytes) -> None:
    assert readings(path) == (path,)
    assert not has_readings(path)


_RAW = st.lists(
    st.sampled_from([
        b"/", b"//", b"a", b"admin", b"%61", b"%25", b"%2525", b"%252e", b"%2e", b".", b"..", b";",
        b";x=1", b"%3B", b"%2500", b"%25zz", b"%5C", b"%2F", b"%25252F", b"%252F", b"%C3", b"*",
    ]),
    max_size=10,
).map(lambda pieces: b"/" + b"".join(pieces))  # fmt: skip


@given(_RAW)
def test_every_reading_is_a_path_as_paths_are_spelled(raw: bytes) -> None:
    try:
        path = read_path(raw, keep_escaped_slash=True)
    except Rejected:
        return
    found = readings(path)
    assert path in found
    for reading in found:
        assert read_path(reading, keep_escaped_slash=True) == reading


@given(_RAW)
def test_a_service_that_decodes_twice_reads_no_path_that_is_not_a_reading(raw: bytes) -> None:
    try:
        path = read_path(raw, keep_escaped_slash=True)
        twice = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), path)
        if b"\0" in twice or b"\\" in twice or not twice.isascii():
            return
        seen = read_path(twice, keep_escaped_slash=True)
    except Rejected:
        return
    assert seen in readings(path)


_PATTERNS = st.lists(
    st.sampled_from(["a", "b", "*", "a*", "*b", ""]), min_size=1, max_size=3
).flatmap(lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "/".join([*parts, "**"])]))
_PATHS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"", b"c"]), min_size=1, max_size=4).map(
    lambda parts: b"/" + b"/".join(parts)
)


@given(_PATTERNS, _PATTERNS, st.lists(_PATHS, max_size=20))
def test_what_covers_another_pattern_matches_all_its_paths(
    wide: str, narrow: str, paths: list[bytes]
) -> None:
    if covers(wide, narrow):
        for path in paths:
            assert not path_test([narrow])(path) or path_test([wide])(path)


@pytest.mark.parametrize(
    "wide, narrow, certain",
    [
        ("/a", "/a", True), ("/a/**", "/a", True), ("/a/**", "/a/*", True), ("/**", "/x/y", True),
        ("/a/**", "/a/b/**", True), ("/*", "/a", True), ("/a/b/**", "/a/**", False),
        ("/a", "/b", False), ("/a/*", "/a/**", False), ("/ab/**", "/abc/*", False),
    ],
)  # fmt: skip
def test_which_pattern_covers_which(wide: str, narrow: str, certain: bool) -> None:
    assert covers(wide, narrow) is certain


def _regex(pattern: str) -> re.Pattern[bytes]:
    """The textbook form of the same language."""
    body = pattern.removesuffix("/**")
    parts = [
        "[^/]+" if part == "*" else "[^/]*".join(map(re.escape, part.split("*")))
        for part in body.split("/")[1:]
    ]
    rest = "(/.*)?" if pattern != body else ""
    return re.compile(("".join(f"/{part}" for part in parts) + rest).encode())


@given(_PATTERNS, _PATHS)
def test_patterns_match_what_their_regular_expression_does(pattern: str, path: bytes) -> None:
    assert path_test([pattern])(path) is (_regex(pattern).fullmatch(path) is not None)
