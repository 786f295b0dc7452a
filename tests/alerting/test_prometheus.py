from __future__ import annotations

import msgspec

from sidecar.alerting.prometheus import rule_file, rule_groups
from tests.alerting.examples import RECORDED, breaker, burn, group


def test_a_rule_file() -> None:
    text = rule_file([group(RECORDED, breaker(), burn())], ["Made from order.rules.yaml."])
    assert (
        text
        == """\
# Made from order.rules.yaml.
groups:
  - name: order
    interval: 30s
    rules:
      - record: sidecar:slo_bad:ratio_rate5m
        expr: 'sum(rate(sidecar_slo_requests_total{outcome="bad"}[5m]))'
      - alert: SidecarBreakerOpen
        expr: 'sidecar_breaker_state{service="order",rule="inventory",state="open"} == 1'
        for: 10s
        labels:
          service: order
          severity: page
          alert: inventory-breaker
          owner: trade-team
          rule: breakers/inventory
          managed_by: sidecar
        annotations:
          summary: "inventory is left alone: {{ $value }} of {{ $labels.service }}"
          description: "Look at the upstream first."
          why: "the stock is asked for in each order"
          rule: breakers/inventory
          source: order.rules.yaml:12
          alert_source: order.rules.yaml:40
          runbook_url: "docs/runbook.md#sidecarbreakeropen"
      - alert: SidecarSloBurn
        expr: |-
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
          > 0.0144
        keep_firing_for: 1m30s
        labels:
          service: order
          severity: ticket
          alert: burn
          owner: trade-team
          slo: availability
          managed_by: sidecar
        annotations:
          summary: "{{ $value | humanizePercentage }} of requests are bad"
          description: "Look at the service's dashboard."
          why: "this is what was promised"
"""
    )


def test_it_is_the_same_each_time() -> None:
    groups = [group(breaker(), burn())]
    assert rule_file(groups) == rule_file(groups)


def test_what_rule_files_say_is_no_template() -> None:
    alert = breaker("{{ $value }}", __dashboardUid__="sidecar-service")
    labels = {**alert.labels, "team": "{{ $labels.x }}"}
    (rule,) = rule_groups([group(msgspec.structs.replace(alert, labels=labels))])["groups"][0][
        "rules"
    ]
    assert rule["annotations"]["why"] == '{{ "{{" }} $value }}'
    assert rule["labels"]["team"] == '{{ "{{" }} $labels.x }}'
    assert "__dashboardUid__" not in rule["annotations"]
