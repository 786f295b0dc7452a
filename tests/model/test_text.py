from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from sidecar.model.text import (
    KeyName,
    LabelName,
    Name,
    is_field_name,
    parse_header_name,
    parse_method,
    parse_path_pattern,
    parse_plain_path,
    parse_text,
)


def _hint(parse: Callable[[object], object], value: object) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        parse(value)
    return str((caught.value.context or {})["hint"])


def test_text_is_one_line() -> None:
    assert parse_text("so, and so: 'ünïcode' too") == "so, and so: 'ünïcode' too"
    for value in ("two\nlines", "tab\t", "\x00", "\x7f", "x" * 5000):
        with pytest.raises(PydanticCustomError, match="control characters"):
            parse_text(value)


@pytest.mark.parametrize(
    "value, meant", [(1, '"1"'), (True, '"true"'), (1.5, '"1.5"'), (None, None), ([], None)]
)
def test_what_is_not_text_is_told_to_be_quoted(value: object, meant: str | None) -> None:
    hint = _hint(parse_text, value)
    assert (f"did you mean {meant}?" in hint) is (meant is not None)


@pytest.mark.parametrize(
    "path",
    ["/", "/orders", "/orders/", "/skus/*/stock", "/admin/**", "/**", "/*.php", "/a*b*c/x",
     "/caf\u00e9", "/a%2Fb", "/a;b=c", "/a//b", "/a:b@c", "/.well-known", "/..x/x..", "/*"],
)  # fmt: skip
def test_path_patterns(path: str) -> None:
    assert parse_path_pattern(path) == path


@pytest.mark.parametrize(
    "value, says",
    [
        ("", "is not a path"),
        (5, "is not a path"),
        ("orders", "begin with /"),
        ("*", "begin with /"),
        ("/a?b", "more than a path"),
        ("/a#b", "more than a path"),
        ("/100%", "begins no escape"),
        ("/%4", "begins no escape"),
        ("/%61", "loses when it is read"),
        ("/a/./b", "dot segment"),
        ("/a/..", "dot segment"),
        ("/a/**/b", "before its end"),
        ("/a**", "before its end"),
        ("/**/", "before its end"),
        ("/a/{id}", "braces"),
        ("/a b", "cannot have"),
        ("/a\\b", "cannot have"),
        ("/a\nb", "cannot have"),
    ],
)
def test_what_is_no_path_pattern(value: object, says: str) -> None:
    with pytest.raises(PydanticCustomError, match=says) as caught:
        parse_path_pattern(value)
    assert caught.value.type == "bad-path"


@pytest.mark.parametrize(
    "text, meant",
    [
        ("orders/1", "/orders/1"),
        ("/orders?id=1", "/orders"),
        ("/%61dmin/%7e", "/admin/~"),
        ("/users/{user}/orders/{order}", "/users/*/orders/*"),
    ],
)
def test_what_path_was_meant(text: str, meant: str) -> None:
    assert _hint(parse_path_pattern, text).endswith(f"did you mean {meant}?")


@pytest.mark.parametrize("value", ["/x/*", "/x/**", "x", "", None])
def test_a_plain_path_has_no_star(value: object) -> None:
    assert parse_plain_path("/healthz") == "/healthz"
    with pytest.raises(PydanticCustomError):
        parse_plain_path(value)


@pytest.mark.parametrize(
    "name, good",
    [("x-user-id", True), ("!#$%&'*+-.^_`|~9Z", True), ("", False), ("x y", False), ("x:", False)],
)
def test_names_of_header_fields(name: str, good: bool) -> None:
    assert is_field_name(name) is good


def test_header_names_are_read_in_lower_case() -> None:
    assert parse_header_name("X-User-ID") == "x-user-id"
    assert _hint(parse_header_name, "X User:").endswith("did you mean X-User?")
    assert "did you mean" not in _hint(parse_header_name, "é")


def test_methods_are_upper_case() -> None:
    assert parse_method("VERSION-CONTROL") == "VERSION-CONTROL"
    assert _hint(parse_method, "get").endswith("did you mean GET?")
    assert "did you mean" not in _hint(parse_method, "ge t")
    assert "did you mean" not in _hint(parse_method, 1)


@pytest.mark.parametrize(
    "kind, good, bad, meant",
    [
        (Name, "each-client", "Each Client", "each-client"),
        (Name, "a", "per_user", "per-user"),
        (KeyName, "client_ip", "Client IP", "client_ip"),
        (KeyName, "user-id", "1user", None),
        (LabelName, "team", "my-team", "my_team"),
        (Name, "x" * 63, "x" * 64, None),
        (Name, "0", "-", None),
    ],
)
def test_names(kind: Any, good: str, bad: str, meant: str | None) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(bad)
    hint = caught.value.errors()[0]["ctx"]["hint"]
    assert (f"did you mean {meant}?" in hint) if meant else ("did you mean" not in hint)


@example(parse_plain_path, "/{id}")
@given(
    st.sampled_from([parse_path_pattern, parse_plain_path, parse_header_name, parse_method]),
    st.one_of(st.text("/*.%2fF{}?#a ;", max_size=16), st.text(max_size=20)),
)
def test_any_text_is_read_or_refused_with_a_hint_that_can_be_read(
    parse: Callable[[object], object], text: str
) -> None:
    try:
        parse(text)
    except PydanticCustomError as error:
        meant = re.search(r"did you mean (.*)\?$", str((error.context or {})["hint"]))
        if meant:
            parse(meant[1])
