"""Every kind of alert fires when it must, is silent when it must, and ends: says promtool."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.alerting.kinds import KINDS
from sidecar.alerting.profile import PROFILES, Profile
from tests.alerting.files import EVERYTHING, UPSTREAMS, compiled
from tests.integration.alerting.cases import CASES
from tests.integration.alerting.faults_told import Case
from tests.integration.alerting.scenarios import (
    course,
    firing_test,
    judge,
    never,
    silent_test,
)
from tests.integration.alerting.test_kinds_with_a_past import ELSEWHERE
from tests.ruleset.compiled import rule_file

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda one: str(one.name))
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_fires_in_time_ends_in_time_and_is_silent_otherwise(
    case: Case, profile: Profile, tmp_path: Path
) -> None:
    labels, annotations = _expected(case, profile)
    found = course(
        case.shape, profile, over=case.over, hold=case.hold, keep=case.keep,
        above=case.above, share=case.share,
    )  # fmt: skip
    tests = [firing_test(case.told, found, profile, labels, annotations)]
    for quiet in case.quiet:
        phases = never(profile, over=case.over, hold=case.hold, short=quiet.short)
        tests.append(silent_test(quiet.told, phases, profile, quiet.why))
    judge(tmp_path, compiled(f"name: a, {case.entry}", profile), tests, profile)


def _expected(case: Case, profile: Profile) -> tuple[dict[str, str], dict[str, str]]:
    kind = next(one for one in KINDS.values() if case.entry.startswith(f"kind: {one.word}"))
    lines = rule_file(EVERYTHING + "alerts:\n", upstreams=UPSTREAMS).splitlines()
    entry = len(lines) + 1
    places = [number for number, line in enumerate(lines, 1) if case.line in line]
    labels = {
        "alertname": kind.alert,
        "service": "shop",
        "severity": case.severity,
        "alert": "a",
        "owner": "shop-team",
        "criticality": "high",
        "managed_by": "sidecar",
        **dict(case.labels),
    }
    annotations = {
        "summary": case.summary.format(value=f"{profile.seconds(case.over):g}"),
        "description": kind.first,
        "rule": case.about,
        "source": f"shop.yaml:{places[0] if places else entry}",
        "alert_source": f"shop.yaml:{entry}",
        "owner": "shop-team",
        "why": case.why or kind.why,
    }
    return labels, annotations


def test_every_kind_is_tried() -> None:
    tried = {case.entry.removeprefix("kind: ").partition(",")[0] for case in CASES.values()}
    assert {kind.word for kind in KINDS.values()} - tried == ELSEWHERE
