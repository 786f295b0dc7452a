from __future__ import annotations

from sidecar.ruleset.check import check
from sidecar.ruleset.document import load
from sidecar.ruleset.screen import Screened, screen
from tests.ruleset.compiled import rule_file


def _screen(text: str) -> Screened:
    return screen(load(text, "a.yaml"))


def _codes(screened: Screened) -> list[tuple[str, int, int]]:
    return [(one.code, one.line, one.column) for one in screened.diagnostics]


def test_what_is_right_is_left_alone() -> None:
    screened = _screen("service: shop\nkeys: {a: {from: client.address}}\n")
    assert screened.data == {"service": "shop", "keys": {"a": {"from": "client.address"}}}
    assert screened.diagnostics == []
    assert not screened.removed_within(())


def test_a_misspelled_field_is_read_as_what_was_meant() -> None:
    screened = _screen("kyes: {a: {form: client.address}}\nservice: x\n")
    assert screened.data == {"keys": {"a": {"from": "client.address"}}, "service": "x"}
    assert _codes(screened) == [("unknown-field", 1, 1), ("unknown-field", 1, 12)]
    assert not screened.removed_within(())


def test_what_is_below_a_misspelled_field_still_has_its_place() -> None:
    document = load("kyes: {a: {from: x}}\n", "a.yaml")
    screen(document)
    assert document.span(("keys", "a", "from"))[:2] == (1, 18)
    assert document.name_span(("keys",))[:2] == (1, 1)


def test_a_field_that_is_there_already_is_not_replaced() -> None:
    screened = _screen("service: right\nservices: wrong\n")
    assert screened.data == {"service": "right"}
    assert screened.removed_within(("services",))


def test_unknown_empty_and_planned_fields_are_taken_out() -> None:
    screened = _screen("frobnicate: 1\nkeys:\ntraffic: []\nservice: x\n")
    assert screened.data == {"service": "x"}
    assert sorted(_codes(screened)) == [
        ("no-value", 2, 1),
        ("not-supported-yet", 3, 1),
        ("unknown-field", 1, 1),
    ]


def test_declared_keys_may_stand_in_match() -> None:
    text = "keys: {user: {from: cookie, name: u}}\nroutes: [{name: a, match: {user: x, usr: y}}]\n"
    screened = _screen(text)
    assert _codes(screened) == [("unknown-field", 2, 37)]
    assert screened.diagnostics[0].hint == "did you mean user?"


def test_words_to_come_are_taken_out() -> None:
    screened = _screen("upstreams: {a: {balance: maglev}}\n")
    assert screened.data == {"upstreams": {"a": {}}}
    assert _codes(screened) == [("not-supported-yet", 1, 26)]


def test_an_empty_entry_keeps_its_place() -> None:
    screened = _screen("routes:\n  - \n  - {name: a}\n")
    assert screened.data == {"routes": [None, {"name": "a"}]}
    assert _codes(screened)[0][0] == "no-value"


def test_where_something_was_taken_out() -> None:
    screened = _screen("upstreams: {a: {registry: x}, b: {url: y}}\n")
    assert screened.removed_within(("upstreams",))
    assert screened.removed_within(("upstreams", "a"))
    assert screened.removed_within(("upstreams", "a", "registry"))
    assert not screened.removed_within(("upstreams", "a", "registry", "x"))
    assert not screened.removed_within(("upstreams", "b"))


def test_what_could_not_be_read_has_nothing_to_look_at() -> None:
    assert _screen("a: [").data == {}


def test_null_is_a_value_within_the_json_of_an_answer_and_nowhere_else() -> None:
    text = rule_file(
        "fallbacks:\n"
        "  - name: stock\n    upstream: app\n    when: any\n"
        "    try: [{serve: static, status: 200, body: {json: {left: null, of: [1, null]}}}]\n"
    )
    good = check(text, "shop.yaml")
    assert good.file is not None, good.diagnostics
    [fallback] = good.file.fallbacks
    assert fallback.steps[0].body is not None
    assert fallback.steps[0].body.as_json == {"left": None, "of": [1, None]}
    [error] = check(text.replace("status: 200", "status: null"), "shop.yaml").diagnostics
    assert error.code == "no-value"
