"""Known-good things to send to Grafana."""

from __future__ import annotations

from typing import Any

FOLDER = {"uid": "sidecar", "title": "Sidecar"}
PROMETHEUS = {
    "uid": "sidecar-prometheus",
    "name": "Prometheus of sidecars",
    "type": "prometheus",
    "access": "proxy",
    "url": "http://127.0.0.1:9090",
    "jsonData": {"httpMethod": "POST"},
}
BOARD: dict[str, Any] = {
    "uid": "sidecar-fleet",
    "title": "Fleet",
    "tags": ["managed-by-sidecar"],
    "schemaVersion": 42,
    "templating": {"list": []},
    "annotations": {"list": []},
    "panels": [
        {
            "id": 1,
            "type": "stat",
            "title": "Requests",
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "targets": [{"refId": "A", "expr": "up"}],
        }
    ],
}

QUERY: dict[str, Any] = {
    "refId": "A",
    "datasourceUid": "sidecar-prometheus",
    "relativeTimeRange": {"from": 600, "to": 0},
    "model": {"expr": "up == 0", "instant": True, "refId": "A"},
}
THRESHOLD: dict[str, Any] = {
    "refId": "C",
    "datasourceUid": "__expr__",
    "model": {
        "type": "threshold",
        "expression": "A",
        "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
        "refId": "C",
    },
}
RULE: dict[str, Any] = {
    "uid": "sidecar-gone",
    "orgID": 1,
    "folderUID": "sidecar",
    "ruleGroup": "shop",
    "title": "SidecarGone",
    "condition": "C",
    "data": [QUERY, THRESHOLD],
    "noDataState": "OK",
    "execErrState": "Error",
    "for": "60s",
    "labels": {"severity": "page"},
}
HOOK: dict[str, Any] = {
    "uid": "sidecar-page",
    "name": "sidecar-page",
    "type": "webhook",
    "settings": {"url": "https://hooks.example/page", "password": "hush"},
}
NIGHT: dict[str, Any] = {
    "name": "night",
    "time_intervals": [
        {
            "times": [{"start_time": "18:00", "end_time": "24:00"}],
            "weekdays": ["Monday:Friday", "sunday:sunday"],
            "months": ["january:march", "12"],
            "location": "Europe/Berlin",
        }
    ],
}
ROOT: dict[str, Any] = {"receiver": "grafana-default-email", "group_by": ["alertname"]}
