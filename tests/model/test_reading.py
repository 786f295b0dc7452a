from __future__ import annotations

import pytest

from sidecar.model.reading import closest, shown, unreadable


@pytest.mark.parametrize(
    "value, text",
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ({"a": 1}, "a map"),
        ([1], "a list"),
        ((1,), "a list"),
        ("text", "'text'"),
        (42, "42"),
        (1.5, "1.5"),
    ],
)
def test_values_are_shown_as_an_admin_wrote_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_cut() -> None:
    assert len(shown("x" * 1000)) == 60
    assert shown("x" * 1000).endswith("…")


def test_an_error_says_what_was_expected_and_what_was_meant() -> None:
    error = unreadable("bad-rate", "'5/sek' is not a rate", "write 5/s", "5/s")
    assert error.type == "bad-rate"
    assert error.message() == "'5/sek' is not a rate"
    assert error.context == {
        "problem": "'5/sek' is not a rate",
        "hint": "write 5/s; did you mean 5/s?",
    }


def test_braces_in_what_was_written_are_no_placeholders() -> None:
    assert unreadable("bad-path", "'/{hint}' is no path", "x").message() == "'/{hint}' is no path"


@pytest.mark.parametrize(
    "word, known, meant",
    [
        ("rate_limit", ["access", "rate_limits"], "rate_limits"),
        ("Rate-Limits", ["access", "rate_limits"], "rate_limits"),
        ("max-connections", ["max_connections"], "max_connections"),
        ("paht", ["path", "method"], "path"),
        ("frobnicate", ["path", "method"], None),
        ("x", [], None),
    ],
)
def test_the_closest_known_word(word: str, known: list[str], meant: str | None) -> None:
    assert closest(word, known) == meant
