from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo_services.shop.story.acts.outage import BUYERS, READERS, Outage
from demo_services.shop.story.customers import CUSTOMERS
from tests.demo_services.shop.reports import part, report
from tests.demo_services.shop.stages import stage

PHASES = ("well", "slow", "failing", "mended", "recovered")
ROUND = ["open", "half_open", "open", "half_open", "closed"]


def _broken(
    folder: Path, states: list[str] = ROUND, **changes: dict[str, Any]
) -> list[str]:  # fmt: skip
    """The promises not kept; ``changes`` are those of product pages, by phase."""
    marked = {"slow": 80, "failing": 90, "mended": 10}
    looks = [
        part(CUSTOMERS, phase, **{"admitted": 100, "marked": marked.get(phase, 0)}
             | changes.get(phase, {}))
        for phase in PHASES
    ]  # fmt: skip
    others = [part(who, phase, admitted=30) for who in (READERS, BUYERS) for phase in PHASES]
    act = Outage()
    act.report = report(*looks, *others)
    act.states = states
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_an_outage_that_hardly_shows(tmp_path: Path) -> None:
    assert _broken(tmp_path) == []


@pytest.mark.parametrize(
    "states", [[], ["open"], ["open", "half_open"], ["open", "half_open", "open"], ["closed"]]
)
def test_a_breaker_that_does_not_go_round(tmp_path: Path, states: list[str]) -> None:
    assert _broken(tmp_path, states) == [
        "the breaker opens, probes, and closes when the inventory is well"
    ]


@pytest.mark.parametrize(
    "changes,promise",
    [
        ({"slow": {"failed": 1}}, "nothing fails"),
        (
            {"failing": {"refused": 1, "refusal": 503}},
            "every product page is answered, by the fallback if need be",
        ),
        (
            {"failing": {"marked": 0}},
            "pages go without the stock while the inventory is broken, and only then",
        ),
        (
            {"recovered": {"marked": 1}},
            "pages go without the stock while the inventory is broken, and only then",
        ),
        (
            {"slow": {"milliseconds": 1600}},
            "nobody waits long for a page, not even while the breaker finds out",
        ),
    ],
)
def test_what_may_go_wrong_with_it(
    tmp_path: Path, changes: dict[str, dict[str, Any]], promise: str
) -> None:
    assert _broken(tmp_path, ROUND, **changes) == [promise]
