from __future__ import annotations

import pytest

from sidecar.ruleset.routes import Timeouts
from sidecar.ruleset.sections import TimeoutsSpec
from sidecar.ruleset.timeouts import never_slow, timeouts_in_force
from tests.ruleset.compiled import checked, rule_file

ROUTES = """timeouts: {per_try: 1s}
routes:
  - {name: short, match: {path: /short}, timeouts: {per_try: 200ms}}
  - {name: long, match: {path: /long}, timeouts: {per_try: 5s, request: 9s}}
"""


def spec(**written: str) -> TimeoutsSpec:
    return TimeoutsSpec.model_validate(written)


@pytest.mark.parametrize(
    "own, common, in_force",
    [
        ({}, {}, Timeouts()),
        ({}, {"request": "5s"}, Timeouts(5.0, 5.0)),
        ({"request": "5s"}, {"request": "9s", "per_try": "2s"}, Timeouts(5.0, 2.0)),
        ({"per_try": "3s", "idle": "1s"}, {"request": "9s"}, Timeouts(9.0, 3.0, 1.0)),
    ],
)
def test_what_is_left_out_is_as_for_all(
    own: dict[str, str], common: dict[str, str], in_force: Timeouts
) -> None:
    assert timeouts_in_force(spec(**own), spec(**common)) == in_force


@pytest.mark.parametrize(
    "slower_than, match, told",
    [
        ("5s", "{}", 5.0),
        ("4.9s", "{}", None),
        ("1s", "{route: other}", 1.0),
        ("999ms", "{route: other}", None),
        ("200ms", "{route: short}", 0.2),
        ("200ms", "{route: [short, other]}", None),
    ],
)
def test_what_no_try_can_take(slower_than: str, match: str, told: float | None) -> None:
    when = f"{{any: [{{consecutive_errors: 3}}, {{slow_ratio: 5%, slower_than: {slower_than}}}]}}"
    rule = f"breakers: [{{name: a, match: {match}, open_when: {when}, mode: MODE}}]\n"
    file = checked(rule_file(ROUTES + rule.replace("MODE", "shadow"))).file
    assert file is not None
    place = ("breakers", 0, "open_when", "any", 1, "slower_than")
    assert list(never_slow(file)) == ([] if told is None else [(place, told)])
    file = checked(rule_file(ROUTES + rule.replace("MODE", "disabled"))).file
    assert file is not None
    assert list(never_slow(file)) == []
