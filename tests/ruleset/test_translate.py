from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.document import load
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.translate import place_of, translate

START = "format: sidecar/v1\nservice: shop\nlisteners: {inbound: {bind: '127.0.0.1:80'}}\n"


def _all(text: str) -> list[Diagnostic]:
    document = load(START + text, "a.yaml")
    with pytest.raises(ValidationError) as caught:
        RuleFile.model_validate(document.data)
    return [translate(error, document) for error in caught.value.errors()]


def _one(text: str) -> Diagnostic:
    (found,) = _all("upstreams: {app: {url: 'http://a:1'}}\n" + text)
    return found


def test_a_missing_field_is_shown_where_it_should_stand() -> None:
    (found,) = _all("")
    assert (found.code, found.line, found.column) == ("missing-field", 1, 1)
    assert found.message == "'upstreams' is missing at the top of the file"
    assert found.hint == "add upstreams: services that requests are sent to, by name"


def test_a_missing_field_of_an_entry() -> None:
    found = _one("rate_limits:\n  - name: one\n")
    assert found.message == "'limit' is missing in rate_limits 'one'"
    assert (found.line, found.column) == (6, 5)


def test_our_own_errors_keep_their_code_words_and_hint() -> None:
    found = _one("timeouts: {request: 30}\n")
    assert found == Diagnostic(
        "bad-duration",
        "30 is not a duration",
        "a.yaml",
        5,
        21,
        2,
        "write a duration such as 250ms, 2s, 10m or 1h30m; did you mean 30s?",
    )


def test_a_bad_name_is_shown_at_the_name() -> None:
    found = _one("keys: {User: {from: client.address}}\n")
    assert (found.code, found.line, found.column, found.length) == ("bad-name", 5, 8, 4)


def test_what_is_wrong_with_a_whole_entry_is_shown_at_its_beginning() -> None:
    found = _one("access:\n  - {name: a}\n")
    assert (found.code, found.line, found.column) == ("incomplete", 6, 5)


def test_words_are_listed_and_guessed() -> None:
    found = _one("trust: {disclose: ruel}\n")
    assert found.message == "'ruel' is not a word for 'disclose'"
    assert found.hint == "write none, id or rule; did you mean rule?"


@pytest.mark.parametrize(
    "text, message, hint",
    [
        ("trust: 5\n", "5 stands where a map must, in 'trust'", "write trust: {…}"),
        ("keys: [a]\n", "a list stands where a map must, in 'keys'", "write keys: {…}"),
        ("routes: [5]\n", "5 stands where a map must, in 'routes'", "write {…}"),
        ("routes: 5\n", "'routes' is a list, not 5", "write [5]"),
        ("routes: {a: b}\n", "'routes' is a list, not a map", "begin each entry with a hyphen"),
    ],
)
def test_maps_lists_and_values_that_change_places(text: str, message: str, hint: str) -> None:
    found = _one(text)
    assert (found.code, found.message, found.hint) == ("wrong-type", message, hint)


def test_an_error_that_nobody_foresaw_is_still_said() -> None:
    document = load("a: 1\n", "a.yaml")
    found = translate(
        {"type": "strange", "loc": ("a",), "msg": "Input should be odd", "input": 1}, document
    )
    assert (found.code, found.message) == ("bad-value", "'a': input should be odd")


def test_steps_that_lead_nowhere_are_left_out() -> None:
    document = load("routes: [{match: {path: /a}}]\n", "a.yaml")
    error = {"type": "x", "loc": ("routes", 0, "match", "path", 0), "msg": "", "input": 1}
    assert place_of(error, document) == ("routes", 0, "match", "path")  # type: ignore[arg-type]
    error["loc"] = ("routes", 0, "function-plain[f()]", "match", "[key]")
    assert place_of(error, document) == ("routes", 0, "match")  # type: ignore[arg-type]
