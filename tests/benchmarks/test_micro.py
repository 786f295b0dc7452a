from __future__ import annotations

import gc

import pytest
from rich.console import Console

from benchmarks import micro
from benchmarks.data_path import BrokenPathError
from benchmarks.micro import CASES, Case, answer, request, rule_text
from benchmarks.targets import NO_OTHER_RULES
from sidecar.ruleset.check import check


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_every_case_has_rules_without_a_fault(case: Case) -> None:
    checked = check(rule_text(case), "bench.rules.yaml")

    assert checked.diagnostics == ()
    assert checked.file is not None


def test_the_case_without_rules_has_none() -> None:
    text = rule_text(CASES[1])

    assert "access:" not in text
    assert "rate_limits:" not in text
    assert "telemetry:" in text


def test_times_every_case_that_it_is_given() -> None:
    # Those with many rules or keys are no different, but take long to set up.
    cases = [one for one in CASES if one.others == NO_OTHER_RULES and len(one.requests) == 1]

    timings = micro.run(cases, count=20, rounds=2)

    assert [one.title for one in timings] == [case.title for case in cases]
    assert timings[0].against_first.median == 1.0
    assert all(0.0 < one.best <= one.path.median for one in timings)
    assert all(one.record.count == 2 for one in timings)


def test_leaves_the_garbage_collector_as_it_was() -> None:
    before = gc.get_threshold()

    micro.run(CASES[:1], count=5, rounds=1)

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_case_that_fails_is_not_timed() -> None:
    broken = Case("no answer", requests=(request(),), answer=answer(b"")[:20])

    with pytest.raises(BrokenPathError):
        micro.run([broken], count=5, rounds=1)


def test_shows_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    timings = micro.run(CASES[:1], count=5, rounds=1)

    micro.show(timings, Console(width=160))

    said = capsys.readouterr().out
    assert "governed GET, 200 B" in said
    assert "× 1.00" in said
