"""The alerts of ``docs/operations.md``: read by promtool, fed, and about metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.integration.documented import ROOT
from tests.servers.prometheus import promtool

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TELEMETRY = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
ALERTS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
READ: Any = YAML(typ="safe", pure=True).load(ALERTS)

_DECIDED = 'sidecar_decisions_total{rule="each",kind="rate_limits",mode="%s",outcome="%s"}'
_SERVED = 'http_server_request_duration_seconds_count{listener="inbound",error_type="%s"}'
_LOST = 'sidecar_telemetry_dropped_total{signal="logs",reason="%s"}'
_STATE = 'sidecar_breaker_state{rule="app",mode="enforce",state="%s"}'
_UP = 'sidecar_upstream_up{upstream="app",server_address="%s"}'

#: A sidecar in trouble, minute by minute, in promtool's words.
TROUBLE = {
    _DECIDED % ("enforce", "refused"): "0+20x20",
    _DECIDED % ("shadow", "refused"): "0+90x20",
    _DECIDED % ("enforce", "admitted"): "0+80x20",
    _SERVED % "": "0+98x20",
    _SERVED % "connect_failure": "0+2x20",
    _STATE % "open": "1x20",
    _STATE % "closed": "0x20",
    "sidecar_rules_last_reload_successful": "0x20",
    'sidecar_overload_shed_ratio{priority="low",mode="enforce"}': "0.5x20",
    _UP % "10.0.0.5": "0x20",
    _UP % "10.0.0.6": "1x20",
    _LOST % "disk_full": "0+1x20",
    _LOST % "io_error": "0x20",
    'up{job="sidecars"}': "1x20",
}
#: What must be told of it a quarter of an hour later, and of how many things.
FIRING = {
    "ManyRefused": 1,
    "Failing": 1,
    "BreakerOpen": 1,
    "Shedding": 1,
    "RuleFileBroken": 1,
    "EndpointOut": 1,
    "TelemetryLost": 1,
}


def test_promtool_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.alerts.yaml"
    path.write_text(ALERTS, encoding="utf-8")
    assert "SUCCESS" in promtool("check", "rules", path)


def test_they_fire_in_trouble_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "sidecar.alerts.yaml").write_text(ALERTS, encoding="utf-8")
    expected = [
        {"labels": f'{{alertname="{name}"}}', "value": count} for name, count in FIRING.items()
    ]
    asked = {
        "rule_files": ["sidecar.alerts.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": to} for name, to in TROUBLE.items()],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": "15m",
                        "exp_samples": expected,
                    }
                ],
            }
        ],
    }
    path = tmp_path / "fire.test.yaml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


def test_they_speak_of_metrics_that_there_are() -> None:
    declared = dict(re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \|", TELEMETRY, re.MULTILINE))
    for alert in READ["groups"][0]["rules"]:
        used = re.findall(r"\b(?:sidecar|http|process)_\w+(?:{[^}]*})?", alert["expr"])
        assert used or alert["expr"].startswith("up{"), alert
        for metric in used:
            name, _, labels = metric.partition("{")
            known = declared[re.sub("_(bucket|count)$", "", name)]
            for label in re.findall(r"(\w+)!?=", labels):
                assert f"`{label}`" in known, (name, label)
