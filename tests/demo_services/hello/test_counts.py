from __future__ import annotations

from demo_services.hello.checks import Witness
from demo_services.hello.counts import between, of_sidecar

EXPOSITION = """\
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_response_status_code="200",le="+Inf"} 3
http_server_request_duration_seconds_count{http_route="a",http_response_status_code="200"} 3
http_server_request_duration_seconds_count{http_route="b",http_response_status_code="200"} 4
http_server_request_duration_seconds_count{http_route="b",http_response_status_code="429"} 2
# TYPE sidecar_decisions_total counter
sidecar_decisions_total{kind="rate_limits",rule="a",mode="enforce",outcome="refused"} 2
sidecar_decisions_total{kind="rate_limits",rule="a",mode="enforce",outcome="admitted"} 30
sidecar_decisions_total{kind="rate_limits",rule="a",mode="shadow",outcome="refused"} 50
sidecar_decisions_total{kind="rate_limits",rule="b",mode="enforce",outcome="refused"} 70
sidecar_decisions_total{kind="access",rule="a",mode="enforce",outcome="refused"} 90
"""


def test_requests_and_refusals_are_read_from_the_exposition() -> None:
    assert of_sidecar(EXPOSITION, "a") == ({200: 7, 429: 2}, 2)
    assert of_sidecar("", "a") == ({}, 0)


def test_what_was_there_before_does_not_count() -> None:
    before = Witness({200: 3, 503: 1}, 1, 3)
    after = Witness({200: 10, 429: 5, 503: 1}, 6, 10)
    assert between(before, after) == Witness({200: 7, 429: 5}, 5, 7)
