"""Alerts travel from a real Prometheus through a real Alertmanager to the webhook of a test."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.servers.alertmanager import Alertmanager, amtool, receivers_of
from tests.servers.ports import wait_until
from tests.servers.prometheus import Prometheus
from tests.servers.webhook import Webhook

Start = Callable[[str], Alertmanager]

RULES = """
groups:
- name: test
  rules:
  - alert: TargetGone
    expr: up{job="shop"} == 0
    labels: {severity: page}
    annotations: {summary: "{{ $labels.instance }} is gone"}
"""


def _configuration(webhook: Webhook, timings: str = "") -> str:
    routes = '[{receiver: tickets, matchers: [severity="ticket"]' + timings + "}]"
    return f"""
route:
  receiver: pages
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes: {routes}
receivers:
- name: pages
  webhook_configs: [{{url: "{webhook.url}/pages"}}]
- name: tickets
  webhook_configs: [{{url: "{webhook.url}/tickets"}}]
"""


def test_an_alert_arrives_firing_and_resolved(
    tmp_path: Path,
    webhook: Webhook,
    alertmanager_with: Start,
    prometheus_scraping: Callable[..., Prometheus],
) -> None:
    alertmanager = alertmanager_with(_configuration(webhook))
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    # Nothing there has metrics: a scrape of it fails until the target is taken off.
    targets = tmp_path / "targets.json"
    targets.write_text(json.dumps([{"targets": ["127.0.0.1:1"]}]))
    prometheus = prometheus_scraping(
        rule_files=[rules],
        target_files=[targets],
        job="shop",
        alertmanagers=[alertmanager.address],
        scrape_configs=[
            {
                "job_name": "alertmanager",
                "static_configs": [{"targets": [alertmanager.address]}],
            }
        ],
    )
    firing = webhook.wait_for_alert("firing", alertname="TargetGone")
    assert (firing.path, firing.receiver, firing.name) == ("/pages", "pages", "TargetGone")
    assert firing.labels["severity"] == "page"
    assert firing.annotations["summary"] == "127.0.0.1:1 is gone"
    assert [alert["state"] for alert in prometheus.alerts(severity="page")] == ["firing"]
    assert prometheus.rule_groups()[0]["rules"][0]["health"] == "ok"
    [found] = prometheus.query('up{job="alertmanager"}')
    assert found[1] == 1
    targets.write_text("[]")
    resolved = webhook.wait_for_alert("resolved", alertname="TargetGone")
    assert resolved.at > firing.at
    assert webhook.alerts("firing", severity="ticket") == []


class TestAlertmanager:
    def test_a_silence_keeps_an_alert_back_until_it_ends(
        self, webhook: Webhook, alertmanager_with: Start
    ) -> None:
        alertmanager = alertmanager_with(_configuration(webhook))
        silence = alertmanager.silence(alertname="Quiet")
        wait_until(
            lambda: [one["status"]["state"] for one in alertmanager.silences()] == ["active"],
            "the silence active",
        )
        alertmanager.send({"alertname": "Quiet"})
        wait_until(lambda: _silenced_by(alertmanager, "Quiet") == [silence], "silenced")
        alertmanager.send({"alertname": "Loud", "severity": "ticket"})
        assert webhook.wait_for_alert("firing", alertname="Loud").path == "/tickets"
        assert webhook.alerts(alertname="Quiet") == []
        alertmanager.expire(silence)
        webhook.wait_for_alert("firing", alertname="Quiet")
        alertmanager.send({"alertname": "Quiet"}, resolved=True)
        webhook.wait_for_alert("resolved", alertname="Quiet")

    def test_a_new_configuration_is_in_force_when_it_says_so(
        self, webhook: Webhook, alertmanager_with: Start
    ) -> None:
        alertmanager = alertmanager_with(_configuration(webhook))
        alertmanager.reload(_configuration(webhook, ", continue: true"))
        assert "continue: true" in alertmanager.status()["config"]["original"]

    def test_what_it_refuses_is_an_error(self, webhook: Webhook, alertmanager_with: Start) -> None:
        alertmanager = alertmanager_with(_configuration(webhook))
        with pytest.raises(ValueError, match="labels"):
            alertmanager.call("POST", "/api/v2/alerts", [{"annotations": {}}])


def _silenced_by(alertmanager: Alertmanager, name: str) -> list[str]:
    found = [alert["status"]["silencedBy"] for alert in alertmanager.alerts(alertname=name)]
    return found[0] if found else []


class TestAmtool:
    def test_it_judges_configurations_and_routes(self, tmp_path: Path, webhook: Webhook) -> None:
        path = tmp_path / "good.yml"
        path.write_text(_configuration(webhook))
        assert "SUCCESS" in amtool("check-config", path)
        assert receivers_of(path, severity="ticket") == ["tickets"]
        assert receivers_of(path, severity="page") == ["pages"]

    def test_it_finds_fault(self, tmp_path: Path) -> None:
        path = tmp_path / "bad.yml"
        path.write_text("route: {receiver: nobody}\nreceivers: [{name: somebody}]\n")
        with pytest.raises(AssertionError, match="undefined receiver"):
            amtool("check-config", path)


class TestWebhook:
    def test_what_it_refuses_it_does_not_keep(self, webhook: Webhook) -> None:
        webhook.status = HTTPStatus.SERVICE_UNAVAILABLE
        assert _post(webhook, b"{}") == HTTPStatus.SERVICE_UNAVAILABLE
        webhook.status = HTTPStatus.OK
        assert _post(webhook, b"no JSON") == HTTPStatus.BAD_REQUEST
        assert (webhook.refused, webhook.deliveries) == (1, [])
        assert _post(webhook, b'{"a": 1}') == HTTPStatus.OK
        [delivery] = webhook.deliveries
        assert (delivery.path, delivery.body) == ("/here", {"a": 1})
        webhook.forget()
        assert webhook.deliveries == []

    def test_it_says_what_came_instead(self, webhook: Webhook) -> None:
        alert = {"status": "firing", "labels": {"alertname": "Other"}, "annotations": {}}
        _post(webhook, json.dumps({"alerts": [alert]}).encode())
        with pytest.raises(TimeoutError, match="Other"):
            webhook.wait_for_alert("firing", timeout_seconds=0.01, alertname="Wanted")


def _post(webhook: Webhook, body: bytes) -> int:
    connection = http.client.HTTPConnection(webhook.address, timeout=10)
    try:
        connection.request("POST", "/here", body)
        return connection.getresponse().status
    finally:
        connection.close()
