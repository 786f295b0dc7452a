from __future__ import annotations

import promql_parser
import pytest

from sidecar.telemetry import catalogue, rule_metrics
from sidecar.telemetry.promql import (
    Scope,
    filled,
    highest,
    how_many,
    increase,
    lowest,
    now,
    over_time,
    quantile,
    quoted,
    rate,
    share,
    some,
    top,
    total,
)

ORDER = Scope({"service": "order", "http_route": "=~a|b"})
DECISIONS = ORDER(catalogue.DECISIONS, mode="enforce")
STATE = ORDER(rule_metrics.BREAKER_STATE, state="!=closed")
BUCKETS = ORDER(catalogue.SERVER_DURATION, "_bucket")


def test_a_selector_has_the_labels_of_the_scope_that_the_metric_has() -> None:
    assert DECISIONS.text == 'sidecar_decisions_total{service="order",mode="enforce"}'
    assert STATE.text == 'sidecar_breaker_state{service="order",state!="closed"}'
    name = "http_server_request_duration_seconds_bucket"
    assert BUCKETS.text == f'{name}{{service="order",http_route=~"a|b"}}'
    assert Scope({})(catalogue.DECISIONS).text == "sidecar_decisions_total"


def test_what_a_label_says_goes_before_what_the_scope_says() -> None:
    assert ORDER(catalogue.DECISIONS, service="cart").text == (
        'sidecar_decisions_total{service="cart"}'
    )


def test_a_label_or_part_that_the_metric_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="sidecar_decisions_total has no label http_route, user"):
        ORDER(catalogue.DECISIONS, user="x", http_route="y")
    with pytest.raises(ValueError, match="are called http_server_request_duration_seconds_bucket"):
        ORDER(catalogue.SERVER_DURATION)
    with pytest.raises(ValueError, match="of a counter are called sidecar_decisions_total"):
        ORDER(catalogue.DECISIONS, "_count")


def test_only_what_grows_has_a_rate_and_only_the_rest_a_value() -> None:
    assert rate(DECISIONS, "5m").startswith("rate(sidecar_decisions_total{")
    assert increase(BUCKETS, "1h").endswith("[1h])")
    for growth in (rate, increase):
        with pytest.raises(ValueError, match="goes up and down"):
            growth(STATE, "5m")
    assert now(STATE) == STATE.text
    assert over_time("max", STATE, "5m").startswith("max_over_time(sidecar_breaker_state{")
    with pytest.raises(ValueError, match="only grows"):
        now(DECISIONS)


@pytest.mark.parametrize(
    "text",
    [
        total(rate(DECISIONS, "5m"), ("kind", "rule")),
        total(rate(DECISIONS, "5m")),
        highest(now(STATE), ("rule",)),
        lowest(now(STATE)),
        how_many(now(STATE), ("rule",)),
        top(5, total(rate(DECISIONS, "5m"), ("rule",))),
        share(total(rate(DECISIONS, "5m")), total(rate(BUCKETS, "5m"))),
        quantile(0.99, BUCKETS, "5m", ("http_route",)),
        over_time("avg", STATE, "5m"),
    ],
)
def test_everything_can_be_parsed(text: str) -> None:
    assert promql_parser.parse(text) is not None


def test_strings_are_quoted_so_that_they_are_read_back() -> None:
    name = 'a"b\\c\nd'
    parsed = promql_parser.parse(f"up{{job={quoted(name)}}}")
    assert isinstance(parsed, promql_parser.VectorSelector)
    assert parsed.matchers.matchers[0].value == name


def test_a_part_that_was_never_counted_is_zero_of_its_whole_and_nothing_without_one() -> None:
    assert filled("a", "b") == "(a or b * 0)"


def test_only_what_is_more_than_nothing_can_be_asked_for() -> None:
    assert some(total("a", ["b"])) == "sum by (b) (a) > 0"
