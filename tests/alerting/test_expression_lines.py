from __future__ import annotations

import promql_parser

from sidecar.alerting.expression_lines import in_lines
from tests.alerting.examples import BURNING


def test_a_short_one_stays_on_its_line() -> None:
    assert in_lines('up{job="x"} == 0') == 'up{job="x"} == 0'


def test_a_long_one_has_a_line_for_each_side_of_its_loosest_operator() -> None:
    share = 'sum(rate(a{x="1 > 2 and (3",y="\\") / "}[1m])) / (sum(rate(b[1m])) > 0)'
    assert in_lines(f"{share} > 0.1 and sum(increase(b[1m])) >= 20 or vector(1) > 0") == (
        'sum(rate(a{x="1 > 2 and (3",y="\\") / "}[1m])) / (sum(rate(b[1m])) > 0) > 0.1\n'
        "and sum(increase(b[1m])) >= 20\n"
        "or vector(1) > 0"
    )


def test_what_belongs_to_an_operator_stays_with_it() -> None:
    held = 'unless ignoring (state) (sidecar_breaker_forced{rule="inventory"} == 1)'
    tripped = 'sidecar_breaker_state{rule="inventory",state=~"open|half_open"}'
    assert in_lines(f"{tripped} {held}") == f"{tripped}\n{held}"


def test_what_is_long_in_brackets_has_lines_as_well() -> None:
    assert in_lines(BURNING) == (
        """\
(
  sum by (service, slo) (
    rate(
      sidecar_slo_requests_total{service="order",slo="availability",outcome!="good"}[1h]
    )
  )
  / (
    sum by (service, slo) (
      rate(sidecar_slo_requests_total{service="order",slo="availability"}[1h])
    )
    > 0
  )
)
> 0.0144"""
    )


def test_it_is_the_same_expression() -> None:
    assert str(promql_parser.parse(in_lines(BURNING))) == str(promql_parser.parse(BURNING))
