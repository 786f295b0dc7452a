from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_sidecars import SaturationSpec


def test_a_kind_is_a_function_with_what_is_told_beside_it() -> None:
    @kind(SaturationSpec, "SidecarSaturation", why="it is full", first="Add one.", keep_seconds=9)
    def saturated(spec: SaturationSpec, site: Site) -> Iterator[Condition]:
        yield Condition(site.here, f"x > {spec.above}", "full")

    assert (saturated.word, saturated.alert) == ("saturation", "SidecarSaturation")
    assert (saturated.why, saturated.first, saturated.keep_seconds) == ("it is full", "Add one.", 9)
