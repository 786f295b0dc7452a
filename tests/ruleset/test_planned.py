from __future__ import annotations

import pytest

from sidecar.ruleset.planned import is_planned_field, is_planned_word, planned_beside
from sidecar.ruleset.schema import RULE_KINDS, fields_of, spec_at


@pytest.mark.parametrize(
    "names",
    [
        ("traffic",),
        ("upstreams", "whatever", "zones"),
        ("upstreams", "zones", "zones"),
        ("upstreams", "app", "targets", "registry"),
        ("upstreams", "app", "zones"),
        ("concurrency", "algorithm"),
    ],
)
def test_fields_of_later_versions(names: tuple[str, ...]) -> None:
    assert is_planned_field(names)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("rate_limits",),
        ("outbound",),
        ("upstreams", "zones"),
        ("upstreams", "zones", "url"),
        ("keys", "claim"),
        ("traffic", "name"),
    ],
)
def test_other_names_are_not(names: tuple[str, ...]) -> None:
    assert not is_planned_field(names)


def test_words_of_later_versions() -> None:
    assert is_planned_word(("upstreams", "app", "balance"), "maglev")
    assert is_planned_word(("upstreams", "app", "balance"), "ring_hash")
    assert not is_planned_word(("rate_limits", "algorithm"), "pace")
    assert not is_planned_word(("upstreams", "app", "balance"), "round_robin")
    assert not is_planned_word(("upstreams", "app", "name"), "maglev")
    assert not is_planned_word(("upstreams", "app", "balance"), None)


def test_what_is_planned_beside_the_fields_of_a_map() -> None:
    assert {"traffic", "cache", "stores"} <= {*planned_beside(())}
    assert {"zones", "warm_up"} <= {*planned_beside(("upstreams", "app"))}
    assert planned_beside(("retries",)) == ["hedge_after"]
    assert planned_beside(("trust", "paths")) == []


@pytest.mark.parametrize(
    "path", [(), ("listeners",), ("trust",), ("upstreams", "a"), ("keys", "a"), ("timeouts",),
             *((kind, 0) for kind in RULE_KINDS)]
)  # fmt: skip
def test_nothing_is_both_there_and_planned(path: tuple[str | int, ...]) -> None:
    """Who builds a planned field takes it off the list."""
    spec = spec_at(path)
    assert spec is not None
    names = tuple(part for part in path if isinstance(part, str))
    assert not {*fields_of(spec)} & {*planned_beside(names)}
