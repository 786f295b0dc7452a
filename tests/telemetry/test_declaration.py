from __future__ import annotations

import pytest

from sidecar.telemetry.declaration import Kind, Metric


@pytest.mark.parametrize(
    "name, kind, family",
    [
        ("sidecar_decisions_total", Kind.COUNTER, "sidecar_decisions"),
        ("sidecar_build_info", Kind.INFO, "sidecar_build"),
        ("sidecar_info_total", Kind.INFO, "sidecar_info_total"),
        ("sidecar_overhead_seconds", Kind.HISTOGRAM, "sidecar_overhead_seconds"),
        ("sidecar_requests_in_flight", Kind.GAUGE, "sidecar_requests_in_flight"),
    ],
)
def test_a_family_is_named_without_the_suffix_of_its_kind(
    name: str, kind: Kind, family: str
) -> None:
    assert Metric(name, kind, "Help.").family == family
