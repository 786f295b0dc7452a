from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.policies.rate_limit.cost import CostSpec, cost_of


@pytest.mark.parametrize(
    "value, cost",
    [
        (b"", 7),
        (b"3", 3),
        (b"0", 0),
        (b"007", 7),
        (b"-3", 7),
        (b"3.5", 7),
        (b"3, 4", 7),
        (b"1e3", 7),
        (b"\xb2", 7),
        (b"999999999", 999_999_999),
        (b"1000000000", 7),
    ],
)
def test_what_a_value_says(value: bytes, cost: int) -> None:
    assert cost_of(value, 7) == cost


def spec(**fields: object) -> CostSpec:
    return CostSpec.model_validate(fields)


def test_where_the_cost_of_a_request_is_read() -> None:
    request = RequestHead("GET", b"/", 1)
    request.fields, request.query = {b"x-cost": b"3"}, b"size=9&x-cost=4"
    by_header = spec(**{"from": "request_header"}, name="X-Cost").request_reader()
    by_query = spec(**{"from": "query"}, name="size").request_reader()
    by_answer = spec(**{"from": "response_header"}, name="X-Cost")
    assert by_header is not None
    assert by_query is not None
    assert by_answer.request_reader() is None
    assert (by_header(request), by_query(request)) == (3, 9)
    request.fields, request.query = {b"x-cost": b"0"}, b"size=none"
    assert (by_header(request), by_query(request)) == (1, 1)
    told = by_answer.response_reader()
    assert told is not None
    assert [told(fields) for fields in ({b"x-cost": b"0"}, {b"x-cost": b"5"}, {})] == [0, 5, 1]
    assert spec(**{"from": "query"}, name="size").response_reader() is None
