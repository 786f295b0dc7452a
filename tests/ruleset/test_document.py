from __future__ import annotations

import pytest

from sidecar.ruleset.diagnostics import Span
from sidecar.ruleset.document import FILE_BYTES_AT_MOST, Document, load

TEXT = """\
format: sidecar/v1
keys:
  user: {from: header, name: X-User}
rate_limits:
  - name: one
    limit: 5/s   # a comment
  - {name: two, per: [user, client]}
"""


def _codes(document: Document) -> list[tuple[str, int, int]]:
    return [(one.code, one.line, one.column) for one in document.diagnostics]


def test_a_file_as_data() -> None:
    document = load(TEXT, "a.yaml")
    assert document.is_readable
    assert document.name == "a.yaml"
    assert document.data == {
        "format": "sidecar/v1",
        "keys": {"user": {"from": "header", "name": "X-User"}},
        "rate_limits": [
            {"name": "one", "limit": "5/s"},
            {"name": "two", "per": ["user", "client"]},
        ],
    }


@pytest.mark.parametrize("text", [TEXT, TEXT.encode(), "\ufeff" + TEXT, TEXT.replace("\n", "\r\n")])
def test_bytes_text_marks_and_line_ends_read_the_same(text: str | bytes) -> None:
    document = load(text, "a.yaml")
    assert document.data == load(TEXT, "a.yaml").data
    assert document.span(("rate_limits", 1, "per", 1)) == Span(7, 29, 6)
    assert document.lines[:2] == ("format: sidecar/v1", "keys:")


@pytest.mark.parametrize(
    "path, span",
    [
        ((), Span(1, 1, 18)),
        (("format",), Span(1, 9, 10)),
        (("keys", "user"), Span(3, 9, 1)),
        (("keys", "user", "name"), Span(3, 30, 6)),
        (("rate_limits", 0), Span(5, 5, 9)),
        (("rate_limits", 0, "limit"), Span(6, 12, 3)),
        (("rate_limits", 1, "per"), Span(7, 22, 1)),
        # Beyond what is there: the closest thing above it.
        (("rate_limits", 0, "limit", "x"), Span(6, 12, 3)),
        (("rate_limits", 0, "per"), Span(5, 5, 9)),
        (("rate_limits", 7), Span(5, 3, 11)),
    ],
)
def test_the_place_of_a_value(path: tuple[str | int, ...], span: Span) -> None:
    assert load(TEXT, "a").span(path) == span


@pytest.mark.parametrize(
    "path, span",
    [
        (("format",), Span(1, 1, 6)),
        (("keys", "user", "from"), Span(3, 10, 4)),
        (("rate_limits", 0, "limit"), Span(6, 5, 5)),
        (("rate_limits", 1, "per", 1), Span(7, 29, 6)),
        (("rate_limits", 0, "per"), Span(5, 5, 9)),
        ((), Span(1, 1)),
    ],
)
def test_the_place_of_a_name(path: tuple[str | int, ...], span: Span) -> None:
    assert load(TEXT, "a").name_span(path) == span


def test_names_of_header_fields_are_found_in_any_case() -> None:
    document = load("header: {X-Canary: '1'}", "a")
    assert document.name_span(("header", "x-canary")) == Span(1, 10, 8)


@pytest.mark.parametrize(
    "path, span",
    [
        ((), Span(1, 1)),
        (("keys",), Span(2, 1, 4)),
        (("keys", "user"), Span(3, 3, 4)),
        (("rate_limits", 0), Span(5, 5, 9)),
        (("rate_limits", 1), Span(7, 5, 1)),
        (("keys", "user", "missing"), Span(3, 3, 4)),
        (("nowhere", "at", "all"), Span(1, 1)),
    ],
)
def test_where_something_missing_should_stand(path: tuple[str | int, ...], span: Span) -> None:
    assert load(TEXT, "a").holder_span(path) == span


@pytest.mark.parametrize(
    "text, place",
    [
        (b"a: \xff", (1, 4)),
        (b"\n\n  \xc3\x28", (3, 3)),
        (b"\xff\xfea\x00", (1, 1)),
        (b"a: 1\x00", (1, 5)),
        ("a: \x1b[31m", (1, 4)),
        ("a: x\u2028b: y", (1, 5)),
        ("a: \x85", (1, 4)),
        ("a: b\ufeff", (1, 5)),
    ],
)
def test_what_is_not_plain_utf_8_is_refused_with_its_place(
    text: bytes | str, place: tuple[int, int]
) -> None:
    document = load(text, "a")
    assert _codes(document) == [("bad-encoding", *place)]
    assert document.data == {}
    assert not document.is_readable


def test_lone_surrogates_in_text_are_no_problem() -> None:
    assert load("a: x\ud800", "a").data == {"a": "x?"}


def test_a_file_may_be_one_mebibyte() -> None:
    line = "# " + "x" * 97 + "\n"
    text = TEXT + line * ((FILE_BYTES_AT_MOST - len(TEXT)) // len(line))
    assert load(text, "a").is_readable
    found = load(text + line, "a")
    assert _codes(found) == [("too-large", 1, 1)]
    assert found.lines == ("",)


@pytest.mark.parametrize("text", ["- a", "text", "[1]", "42"])
def test_the_top_is_a_map(text: str) -> None:
    document = load(text, "a")
    assert _codes(document) == [("wrong-type", 1, 1)]
    assert document.root is None
    assert document.span(("a",)) == Span(1, 1)
    assert document.name_span(("a",)) == Span(1, 1)
    assert document.holder_span(("a",)) == Span(1, 1)


def test_a_file_with_a_duplicate_is_read_but_not_used() -> None:
    document = load("a: 1\na: 2\n", "a")
    assert _codes(document) == [("duplicate-key", 2, 1)]
    assert document.data == {"a": 1}
    assert not document.is_readable
