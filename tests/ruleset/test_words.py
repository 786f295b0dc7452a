from __future__ import annotations

import pytest

from sidecar.model.reading import closest
from sidecar.ruleset.document import load
from sidecar.ruleset.words import unknown_field, where

TEXT = """\
keys: {user: {form: x}}
routes:
  - {name: pay, match: {paht: /a}}
  - {match: {path: /b}}
  - nonsense
breaker: []
frobnicate: 1
"""


@pytest.mark.parametrize(
    "path, words",
    [
        ((), "at the top of the file"),
        (("keys",), "in keys"),
        (("keys", "user"), "in keys.user"),
        (("routes", 0), "in routes 'pay'"),
        (("routes", 0, "match"), "in match of routes 'pay'"),
        (("routes", 1, "match"), "in match of routes"),
        (("routes", 2), "in routes"),
        (("routes", 9), "in routes"),
        (("nowhere", 0), "in nowhere"),
    ],
)
def test_places_in_words(path: tuple[str | int, ...], words: str) -> None:
    assert where(path, load(TEXT, "a")) == words


@pytest.mark.parametrize(
    "path, known, message, hint",
    [
        (("keys", "user", "form"), ["from"], "'form' in keys.user", "did you mean from?"),
        (("traffics",), ["keys"], "'traffics' at the top", "if you mean traffic: that is not"),
        (("frobnicate",), ["keys", "routes"], "'frobnicate' at", "there are: keys, routes"),
        (("frobnicate",), [], "'frobnicate' at", ""),
    ],
)
def test_unknown_fields(
    path: tuple[str | int, ...], known: list[str], message: str, hint: str
) -> None:
    found = unknown_field(path, load(TEXT, "a"), known, closest(str(path[-1]), known))
    assert found.code == "unknown-field"
    assert f"unknown field {message}" in found.message
    assert found.hint.startswith(hint)
    assert bool(found.hint) is bool(hint)
