"""Groups of alerts made by hand, as rule files would give them."""

from __future__ import annotations

from sidecar.alerting.alert import MARK, Alert, Group, Recording, Severity

BURNING = (
    "(sum by (service, slo) (rate(sidecar_slo_requests_total"
    '{service="order",slo="availability",outcome!="good"}[1h])) / '
    '(sum by (service, slo) (rate(sidecar_slo_requests_total{service="order",'
    'slo="availability"}[1h])) > 0)) > 0.0144'
)


def labels(severity: str, entry: str, **more: str) -> dict[str, str]:
    return {
        "service": "order",
        "severity": severity,
        "alert": entry,
        "owner": "trade-team",
        **more,
        MARK[0]: MARK[1],
    }


def told(why: str = "the stock is asked for in each order", **more: str) -> dict[str, str]:
    return {
        "summary": "inventory is left alone: {{ $value }} of {{ $labels.service }}",
        "description": "Look at the upstream first.",
        "why": why,
        "rule": "breakers/inventory",
        "source": "order.rules.yaml:12",
        "alert_source": "order.rules.yaml:40",
        "runbook_url": "docs/runbook.md#sidecarbreakeropen",
        **more,
    }


def breaker(why: str = "the stock is asked for in each order", **more: str) -> Alert:
    return Alert(
        name="SidecarBreakerOpen",
        entry="inventory-breaker",
        severity=Severity.PAGE,
        expression='sidecar_breaker_state{service="order",rule="inventory",state="open"} == 1',
        for_seconds=10.0,
        labels=labels("page", "inventory-breaker", rule="breakers/inventory"),
        annotations=told(why, **more),
    )


def burn() -> Alert:
    return Alert(
        name="SidecarSloBurn",
        entry="burn",
        severity=Severity.TICKET,
        expression=BURNING,
        for_seconds=0.0,
        keep_firing_seconds=90.0,
        labels=labels("ticket", "burn", slo="availability"),
        annotations={
            "summary": "{{ $value | humanizePercentage }} of requests are bad",
            "description": "Look at the service's dashboard.",
            "why": "this is what was promised",
        },
    )


RECORDED = Recording(
    "sidecar:slo_bad:ratio_rate5m", 'sum(rate(sidecar_slo_requests_total{outcome="bad"}[5m]))', {}
)


def group(*rules: Alert | Recording, name: str = "order", seconds: float = 30.0) -> Group:
    return Group(name, seconds, rules)
