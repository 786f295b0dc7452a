"""Variables in questions."""

from __future__ import annotations

import pytest

from dashboards.viewer.interpolation import (
    Chosen,
    as_it_is,
    for_elasticsearch,
    for_prometheus,
    interpolated,
)

CHOSEN = {
    "one": Chosen(("a.b",), is_multiple=True),
    "two": Chosen(("a.b", "c"), is_multiple=True),
    "all": Chosen((), ".+", is_multiple=True),
    "single": Chosen(('say "x"',)),
}


@pytest.mark.parametrize(
    "text, asked",
    [
        ('x{l=~"$one"}', r'x{l=~"a\\.b"}'),
        ('x{l=~"${two}"}', r'x{l=~"(a\\.b|c)"}'),
        ('x{l=~"[[all]]"}', 'x{l=~".+"}'),
        ('x{l="$single"}', r'x{l="say \"x\""}'),
        ("${two:pipe} ${two:csv} ${two:regex}", r"a.b|c a.b,c (a\.b|c)"),
        ("$unknown ${unknown:regex} {{label}} $", "$unknown ${unknown:regex} {{label}} $"),
    ],
)
def test_prometheus_gets_regular_expressions(text: str, asked: str) -> None:
    assert interpolated(text, CHOSEN, for_prometheus) == asked


@pytest.mark.parametrize(
    "text, asked",
    [
        ("s:$one", r's:"a.b"'),
        ("s:$two", 's:("a.b" OR "c")'),
        ("s:$all", "s:.+"),
        ("s:${two:raw}", "s:a.b,c"),
    ],
)
def test_elasticsearch_gets_alternatives(text: str, asked: str) -> None:
    assert interpolated(text, CHOSEN, for_elasticsearch) == asked


def test_names_are_as_long_as_they_can_be() -> None:
    chosen = {"rate": Chosen(("1m",)), "rate_interval": Chosen(("2m",))}
    assert interpolated("[$rate_interval]", chosen, as_it_is) == "[2m]"
