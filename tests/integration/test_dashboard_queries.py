"""The formulas of panels, as promtool works them out from series that are written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from dashboards.queries import alerts, objectives, requests, rules, upstreams
from sidecar.telemetry.promql import Scope
from tests.dashboards.generated import WINDOWS
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

ORDER: Final = Scope({"service": "order"})
_WHERE: Final = 'job="sidecars",instance="i",service="order"'
_SLO: Final = {"service": "order", "slo": "s"}


def _each(metric: str, labels: str, growth: float, start: float = 0) -> dict[str, str]:
    """A series that grows by so much each of the sixty seconds."""
    return {"series": f"{metric}{{{_WHERE},{labels}}}", "values": f"{start:g}+{growth:g}x60"}


def _still(metric: str, labels: str, value: float) -> dict[str, str]:
    return _each(metric, labels, 0, value)


def _objective(*, not_shed: bool) -> list[dict[str, str]]:
    """Each second 90 good requests, 2 bad and 8 shed, of an objective of 90 %."""
    return [
        *(
            _each("sidecar_slo_requests_total", f'slo="s",outcome="{outcome}"', count)
            for outcome, count in (("good", 90), ("bad", 2), ("shed", 8))
        ),
        _still("sidecar_slo_target_ratio", 'slo="s"', 0.9),
        _still("sidecar_slo_not_shed", 'slo="s"', float(not_shed)),
    ]


_ANSWERED = "http_server_request_duration_seconds_count"
_TRIED = "http_client_request_duration_seconds_count"
_INBOUND = 'listener="inbound",http_route="r"'


_BREAKER: Final = {"service": "order", "kind": "circuit_breakers", "rule": "b"}


def _state(state: str, value: float) -> dict[str, str]:
    labels = f'kind="circuit_breakers",rule="b",mode="enforce",state="{state}"'
    return _still("sidecar_breaker_state", labels, value)


Asked = tuple[list[dict[str, str]], str, dict[str, str], float | None]
CASES: Final[dict[str, Asked]] = {
    "burn where shed is bad": (
        _objective(not_shed=True), objectives.burn(ORDER), _SLO, (10 / 100) / 0.1,
    ),
    "burn where shed does not count": (
        _objective(not_shed=False), objectives.burn(ORDER), _SLO, (2 / 92) / 0.1,
    ),
    "what is good now": (
        _objective(not_shed=False), objectives.good_share(ORDER), _SLO, 90 / 92,
    ),
    "what is good of all": (
        _objective(not_shed=True), objectives.good_share_of_all(ORDER), {}, 90 / 100,
    ),
    "what is left of the budget": (
        _objective(not_shed=True), objectives.budget_left(ORDER, "1m"), _SLO, 1 - 1.0,
    ),
    "what protection costs": (
        _objective(not_shed=False), objectives.shed_share(ORDER), {}, 8 / 100,
    ),
    "an objective that nobody asks for anything has no burn": (
        [
            *(
                _still("sidecar_slo_requests_total", f'slo="s",outcome="{outcome}"', 5)
                for outcome in ("good", "bad", "shed")
            ),
            _still("sidecar_slo_target_ratio", 'slo="s"', 0.9),
            _still("sidecar_slo_not_shed", 'slo="s"', 1),
        ],
        objectives.burn(ORDER), _SLO, None,
    ),
    "errors are told by their type, not by their status": (
        [
            _each(_ANSWERED, f'{_INBOUND},http_response_status_code="200",error_type=""', 70),
            _each(_ANSWERED, f'{_INBOUND},http_response_status_code="429",error_type=""', 20),
            _each(_ANSWERED, f'{_INBOUND},http_response_status_code="200",error_type="x"', 4),
            _each(_ANSWERED, f'{_INBOUND},http_response_status_code="503",error_type="y"', 6),
        ],
        requests.error_share(ORDER), {}, 10 / 100,
    ),
    "no error yet is a share of nothing": (
        [_each(_ANSWERED, f'{_INBOUND},http_response_status_code="200",error_type=""', 70)],
        requests.error_share(ORDER, ("service",)), {"service": "order"}, 0,
    ),
    "what the service calls is none of its own traffic": (
        [_each(_ANSWERED, 'listener="outbound",http_route="r",error_type="x"', 70)],
        requests.error_share(ORDER), {}, None,
    ),
    "a 4xx is no failure of an upstream": (
        [
            _each(_TRIED, 'upstream="u",error_type=""', 50),
            _each(_TRIED, 'upstream="u",error_type="404"', 40),
            _each(_TRIED, 'upstream="u",error_type="connect_failure"', 7),
            _each(_TRIED, 'upstream="u",error_type="502"', 3),
        ],
        upstreams.failure_share(ORDER), {"service": "order", "upstream": "u"}, 10 / 100,
    ),
    "a breaker that is open": (
        [_state("open", 1), _state("half_open", 0), _state("closed", 0)],
        rules.breakers(ORDER), _BREAKER, 2,
    ),
    "a breaker that probes": (
        [_state("open", 0), _state("half_open", 1), _state("closed", 0)],
        rules.breakers(ORDER), _BREAKER, 1,
    ),
    "all sidecars answer": (
        [_still("sidecar_build_info", 'version="1"', 1), _still("up", "", 1)],
        alerts.not_answering(ORDER), {}, 0,
    ),
    "one sidecar does not answer any more, and something else never was one": (
        [
            {"series": f'sidecar_build_info{{{_WHERE},version="1"}}', "values": "1x30 stale"},
            {"series": f"up{{{_WHERE}}}", "values": "1x30 0x30"},
            {"series": 'up{job="database",instance="d"}', "values": "0x60"},
        ],
        alerts.not_answering(ORDER), {}, 1,
    ),
}  # fmt: skip


def _test(series: list[dict[str, str]], asked: str, labels: dict[str, str], value: object) -> Any:
    for name, length in {**WINDOWS, "$__rate_interval": "20s", "$__range": "60s"}.items():
        asked = asked.replace(name, length)
    named = "{" + ",".join(f'{name}="{text}"' for name, text in labels.items()) + "}"
    samples = [] if value is None else [{"labels": named, "value": value}]
    return {
        "interval": "1s",
        "input_series": series,
        "promql_expr_test": [{"expr": asked, "eval_time": "60s", "exp_samples": samples}],
    }


@pytest.mark.parametrize("case", CASES)
def test_a_panel_shows_what_was_counted(case: str, tmp_path: Path) -> None:
    series, asked, labels, value = CASES[case]
    # Rounded: what divides by a third is compared to the last bit.
    rounded = None if value is None else round(value, 6)
    written = {"tests": [_test(series, f"round({asked}, 0.000001)", labels, rounded)]}
    file = tmp_path / "test.yml"
    file.write_text(json.dumps(written), encoding="utf-8")
    promtool("test", "rules", file)
