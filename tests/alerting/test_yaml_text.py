from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sidecar.alerting.yaml_text import Lines, yaml_text

# Nothing that is no character, such as half of a surrogate pair: a rule file has none.
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(texts, texts | st.lists(texts) | texts.map(Lines)))
def test_what_is_written_is_read_as_it_was(tree: dict[str, object]) -> None:
    assert YAML(typ="safe", pure=True).load(yaml_text(tree)) == tree


def test_a_document() -> None:
    tree = {
        "name": "order",
        "on": ["yes", "a: b"],
        "expr": Lines("a\nand b"),
        "for": "1h30m",
        "much": 3,
    }
    assert yaml_text(tree, ["Made of it;\nrm -rf", ""]) == (
        "# Made of it; rm -rf\n"
        "#\n"
        "name: order\n"
        '"on":\n'
        '  - "yes"\n'
        '  - "a: b"\n'
        "expr: |-\n"
        "  a\n"
        "  and b\n"
        "for: 1h30m\n"
        "much: 3\n"
    )


def test_text_with_quotes_is_read_without_backslashes() -> None:
    assert yaml_text({"expr": 'up{job="it\'s"} == 0'}) == "expr: 'up{job=\"it''s\"} == 0'\n"


def test_long_text_stays_on_its_line() -> None:
    assert yaml_text({"why": "so long " * 500}).count("\n") == 1


def test_a_block_with_what_cannot_be_shown_is_quoted() -> None:
    assert yaml_text({"expr": Lines("a\n\x07")}) == 'expr: "a\\n\\a"\n'
