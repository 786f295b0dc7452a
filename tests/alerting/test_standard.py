from __future__ import annotations

from sidecar.alerting.standard import standard
from sidecar.ruleset.check import check
from tests.alerting.files import EVERYTHING, UPSTREAMS
from tests.ruleset.compiled import checked, rule_file


def usual(rest: str = "", **more: str) -> list[str]:
    file = checked(rule_file(rest, **more)).file
    assert file is not None
    return [spec.kind for spec in standard(file)]


def test_a_file_with_nothing_has_alerts_about_errors_and_the_sidecar() -> None:
    kinds = usual()
    assert kinds[0] == "error_share"
    assert {"sidecar_absent", "rules_refused", "saturation", "telemetry_dropped"} <= {*kinds}
    absent = {"burn_rate", "breaker_open", "shed_share", "keys_forgotten", "exporter_down"}
    assert not absent & {*kinds}


def test_what_a_file_has_brings_its_alerts() -> None:
    kinds = usual(EVERYTHING, upstreams=UPSTREAMS)
    assert kinds[0] == "burn_rate"
    assert "error_share" not in kinds
    wanted = {"breaker_open", "shed_share", "refused_share", "fallback_failing", "endpoints_down"}
    assert wanted | {"lookups_failing", "exporter_down", "keys_forgotten"} <= {*kinds}


def test_nobody_is_told_of_what_only_some_act_upon() -> None:
    assert not {"shadow_share", "degraded_share", "budget_left"} & {
        *usual(EVERYTHING, upstreams=UPSTREAMS)
    }


def test_whoever_writes_the_usual_ones_down_gets_no_warning() -> None:
    kinds = usual(EVERYTHING, upstreams=UPSTREAMS)
    lines = "".join(
        f"  - {{name: {kind.replace('_', '-')}, kind: {kind}"
        f"{', for_each: slo' if kind == 'burn_rate' else ''}}}\n"
        for kind in kinds
    )
    text = rule_file(f"{EVERYTHING}alerts:\n{lines}", upstreams=UPSTREAMS)
    found = check(text, "shop.yaml")
    assert [one for one in found.diagnostics if one.code == "never-fires"] == []
