from __future__ import annotations

from tests.alerting.files import alerts_of, compiled


def test_a_share_needs_enough_to_be_a_share_of() -> None:
    (alert,) = alerts_of(
        compiled(
            "name: a, kind: connects_failing, upstream: app, above: 7%, over: 2m, "
            "at_least: 9 requests"
        )
    )
    of = '{service="shop",upstream="app"}[2m]'
    failed = f"sum(increase(sidecar_upstream_connect_failures_total{of}))"
    made = f"sum(increase(sidecar_upstream_connects_total{of}))"
    assert alert.expression == f"{failed} / ({made} + {failed} >= 9) > 0.07"


def test_growth_is_summed_over_all_instances() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: pool_overflows, upstream: app, over: 1h"))
    of = '{service="shop",upstream="app"}[1h]'
    assert alert.expression == f"sum(increase(sidecar_upstream_pool_overflows_total{of})) > 0"
