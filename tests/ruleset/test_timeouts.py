from __future__ import annotations

import pytest

from sidecar.ruleset.routes import DeadlineHeader, Timeouts
from sidecar.ruleset.sections import TimeoutsSpec
from sidecar.ruleset.timeouts import endless_waits, never_slow, timeouts_in_force
from sidecar.wire.names import Kind
from tests.ruleset.compiled import checked, compiled, rule_file

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


@pytest.mark.parametrize("section, rule, place", [
    ("rate_limits", "limit: 5/s, algorithm: pace, wait_at_most: WAIT", ("wait_at_most",)),
    ("concurrency", "at_most: 5, queue: {at_most: 9, wait_at_most: WAIT}",
     ("queue", "wait_at_most")),
    ("faults", "delay: {of: WAIT}", ("delay", "of")),
])  # fmt: skip
@pytest.mark.parametrize("wait, match, mode, told", [
    ("9001ms", "{}", "enforce", 9.0),
    ("9s", "{}", "enforce", None),
    ("9001ms", "{}", "disabled", None),
    ("2s", "{route: other}", "shadow", 1.0),
])  # fmt: skip
def test_what_nobody_waits(
    section: str, rule: str, place: tuple[str, ...],
    wait: str, match: str, mode: str, told: float | None,
) -> None:  # fmt: skip
    written = f"{section}: [{{name: a, match: {match}, mode: {mode}, {rule}}}]\n"
    text = ROUTES.replace("{per_try: 1s}", "{request: 1s}") + written.replace("WAIT", wait)
    file = checked(rule_file(text)).file
    assert file is not None
    assert list(endless_waits(file)) == ([] if told is None else [((section, 0, *place), told)])


DEADLINES = """trust: {callers: [10.0.0.0/8]}
timeouts: {deadline_header: X-Request-Deadline}
routes:
  - {name: stock, match: {path: /stock}, upstream: inventory}
  - {name: own, match: {path: /own}, timeouts: {deadline_header: x-mine}}
  - {name: coupon, match: {path: /coupon}, upstream: coupon}
"""
UPSTREAMS = (
    "{app: {url: http://127.0.0.1:9000}, inventory: {url: http://10.0.0.1:80},"
    " coupon: {url: http://10.0.0.2:80, timeouts: {deadline_header: x-coupon}}}"
)


def test_whose_deadlines_stand_in_which_field() -> None:
    rules = compiled(rule_file(DEADLINES, upstreams=UPSTREAMS))
    assert {name: route.deadline for name, route in rules.routes.items()} == {
        "stock": DeadlineHeader(b"x-request-deadline", is_moment=False),
        "own": DeadlineHeader(b"x-mine", is_moment=True),
        "coupon": DeadlineHeader(b"x-coupon", is_moment=False),
        "other": DeadlineHeader(b"x-request-deadline", is_moment=True),
    }
    assert rules.towards["inventory"].deadline == rules.routes["stock"].deadline
    for field in (b"x-request-deadline", b"x-mine", b"x-coupon"):
        assert rules.names_believed[field] == Kind.WATCHED
        assert rules.names_unbelieved[field] == Kind.HOP_BY_HOP


def test_without_a_field_nothing_is_looked_at() -> None:
    rules = compiled(rule_file("timeouts: {request: 5s}\n"))
    assert rules.routes["other"].deadline is None
