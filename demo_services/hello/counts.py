"""What the sidecar and the service counted, asked before and after a run."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from demo_services.hello.checks import Witness
from demo_services.load.report import added

_REQUESTS: Final = "http_server_request_duration_seconds_count"
_DECISIONS: Final = "sidecar_decisions_total"
_TIMEOUT_SECONDS: Final = 5


def witness(prometheus: str, control: str, rule: str) -> Witness:
    """What both have counted so far; their addresses are ``host:port``.

    Raises OSError when one does not answer.
    """
    statuses, refusals = of_sidecar(_get(prometheus, "/metrics"), rule)
    served: dict[str, int] = msgspec.json.decode(_get(control, "/"))["served"]
    return Witness(statuses, refusals, sum(served.values()))


def of_sidecar(exposition: str, rule: str) -> tuple[dict[int, int], int]:
    """Requests by status, and the refusals of one rate limit, from Prometheus's text format."""
    statuses: dict[int, int] = {}
    refusals = 0
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == _REQUESTS:
                status = int(labels["http_response_status_code"])
                statuses[status] = statuses.get(status, 0) + int(sample.value)
            elif sample.name == _DECISIONS and _is_refusal(labels, rule):
                refusals += int(sample.value)
    return statuses, refusals


def between(before: Witness, after: Witness) -> Witness:
    """What was counted between two moments."""
    earlier = {status: -count for status, count in before.sidecar_statuses.items()}
    statuses = added([after.sidecar_statuses, earlier])
    return Witness(
        {status: count for status, count in statuses.items() if count},
        after.sidecar_refusals - before.sidecar_refusals,
        after.service_requests - before.service_requests,
    )


def _is_refusal(labels: Mapping[str, str], rule: str) -> bool:
    wanted = {"kind": "rate_limits", "rule": rule, "mode": "enforce", "outcome": "refused"}
    return wanted.items() <= labels.items()


def _get(address: str, path: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise ConnectionError(f"http://{address}{path} answered {response.status}")
    return body
