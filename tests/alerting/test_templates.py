from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.alerting.templates import for_grafana, for_prometheus, grafana_literal, literal

# What is likely to be read as a template, more often than by chance.
texts = st.lists(
    st.one_of(st.sampled_from(["{", "{{", "}}", "$", "$value", '"', "`", "\\", "-", "/*", " "]),
              st.text(max_size=3))
).map("".join)  # fmt: skip


def expanded(template: str) -> str:
    """What Go's templates make of text and of quoted strings, which is all there may be."""
    out, rest = "", template
    while "{{" in rest:
        before, rest = rest.split("{{", 1)
        action = re.match(r' "((?:\{|\\x24)+)" \}\}', rest)
        assert action is not None, template
        out += before + action[1].replace("\\x24", "$")
        rest = rest[action.end() :]
    return out + rest


@given(texts)
@example("{{{ $value }}")
@example("ends with {")
def test_text_stands_for_itself(text: str) -> None:
    assert expanded(literal(text)) == text


@given(texts)
def test_text_for_grafana_stands_for_itself_and_has_no_dollar(text: str) -> None:
    template = grafana_literal(text)
    assert expanded(template) == text
    assert "$" not in template


def test_text_without_braces_is_left_as_it_is() -> None:
    assert literal("50 % {of} it costs $5") == "50 % {of} it costs $5"


def test_sentences_speak_of_the_value_and_of_labels_in_the_words_of_each() -> None:
    said = {"summary": "{{ $value | humanizePercentage }} of {{ $labels.upstream }} { {{ $value }}"}
    assert for_prometheus(said) == {
        "summary": "{{ $value | humanizePercentage }} of {{ $labels.upstream }} { {{ $value }}"
    }
    assert for_grafana(said) == {
        "summary": "{{ .Values.A.Value | humanizePercentage }} of {{ .Labels.upstream }} "
        "{ {{ .Values.A.Value }}"
    }


def test_a_brace_before_a_placeholder_is_none_of_it() -> None:
    assert for_prometheus({"summary": "{{{ $value }}"}) == {"summary": '{{ "{" }}{{ $value }}'}


@pytest.mark.parametrize("name", ["why", "source", "rule", "owner"])
def test_nothing_else_speaks_of_them(name: str) -> None:
    assert for_prometheus({name: "{{ $value }}"}) == {name: '{{ "{{" }} $value }}'}


@pytest.mark.parametrize(
    "unknown", ["{{ $externalURL }}", "{{ query `up` }}", "{{ $value | safeHtml }}"]
)
def test_what_no_placeholder_is_is_text_in_a_sentence_too(unknown: str) -> None:
    assert expanded(for_prometheus({"summary": unknown})["summary"]) == unknown


def test_what_only_grafana_understands_is_told_to_nobody_else() -> None:
    both = {"__dashboardUid__": "sidecar-service", "why": "x"}
    assert for_prometheus(both) == {"why": "x"}
    assert for_grafana(both) == both
