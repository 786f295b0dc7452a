"""Kinds of alerts whose time does not follow from one fault's shape: each has its own story."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from sidecar.alerting.profile import DEMO, PRODUCTION, Profile
from sidecar.alerting.prometheus import rule_file
from tests.alerting.files import compiled
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

#: What is tried here, and not by shapes.
ELSEWHERE: Final = {
    "burn_rate", "budget_left", "sidecar_down", "lookups_failing", "sidecar_restarts", "loop_late",
}  # fmt: skip
FROM: Final = 'job="sidecars",instance="a",service="shop"'
OTHER: Final = 'job="sidecars",instance="b",service="shop"'


class Story(NamedTuple):
    """Series minute by minute (second by second in the demo), and which alerts fire when."""

    name: str
    entry: str
    series: Mapping[str, str]
    #: At which step which severities fire.
    fires: Mapping[int, set[str]]
    profile: Profile = PRODUCTION


def slo(outcome: str, name: str = "up", labels: str = FROM) -> str:
    return f'sidecar_slo_requests_total{{slo="{name}",outcome="{outcome}",{labels}}}'


def steps(*parts: tuple[float, int]) -> str:
    """A counter: by how much it grows each step, for so many steps."""
    text, total = ["0"], 0.0
    for growth, count in parts:
        for _ in range(count):
            total += growth
            text.append(f"{total:g}")
    return " ".join(text)


def outage(
    well: int, faulty: int, after: int, share: float = 0.2, each: float = 6000.0
) -> dict[str, str]:
    return {
        slo("good"): steps((each, well), (each * (1 - share), faulty), (each, after)),
        slo("bad"): steps((0, well), (each * share, faulty), (0, after)),
        slo("shed"): steps((0, well + faulty + after)),
    }


def shed(name: str) -> dict[str, str]:
    return {
        slo("good", name): steps((6000, 120), (4800, 60)),
        slo("bad", name): steps((0, 180)),
        slo("shed", name): steps((0, 120), (1200, 60)),
    }


def with_a_restart() -> dict[str, str]:
    """The counters begin anew in the middle: nothing was bad."""
    good = f"{steps((6000, 120))} {steps((6000, 120))}"
    return {slo("good"): good, slo("bad"): "0x241", slo("shed"): "0x241"}


def buckets(late: float) -> dict[str, str]:
    """Timers a minute, all of which are that late."""
    name = "sidecar_loop_lag_seconds_bucket"
    return {
        f'{name}{{le="{edge}",{FROM}}}': steps((600 if late <= edge else 0, 60))
        for edge in (0.01, 0.05, 0.1, 1.0)
    } | {f'{name}{{le="+Inf",{FROM}}}': steps((600, 60))}


UP, DOWN = "1 1 1 1 1 1 1 1 1 1", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"
LOOKUPS = 'sidecar_upstream_lookups_total{upstream="coupon",result="%s",' + FROM + "}"
BUILD = "sidecar_build_info{%s}"
GONE = "1 1 1 1 1 1 1 1 1 1 stale"
NEVER: Final[dict[int, set[str]]] = {}
BUGS = "kind: internal_errors"
BUG = (
    'http_server_request_duration_seconds_count{listener="inbound",'
    f'error_type="internal_error",{FROM}}}'
)
BURN = "kind: burn_rate, slo: up"

STORIES = [
    Story("a fault of 20 minutes", BURN, outage(120, 20, 160),
          {119: set(), 123: {"ticket"}, 124: {"page", "ticket"}, 139: {"page", "ticket"},
           175: {"ticket"}, 299: {"ticket"}}),
    Story("the same at two instances, of which one is well", BURN,
          outage(120, 20, 160) | {slo("good", labels=OTHER): steps((6000, 300))},
          {124: {"ticket"}, 131: {"page", "ticket"}, 175: {"ticket"}}),
    Story("nothing is bad", BURN, outage(120, 20, 60, share=0.0), {60: set(), 139: set()}),
    Story("within the budget", BURN, outage(120, 120, 10, share=0.0005), {150: set(), 239: set()}),
    Story("too few requests to say", BURN, outage(0, 240, 0, share=1.0, each=1 / 30), {239: set()}),
    Story("a restart", BURN, with_a_restart(), {121: set(), 125: set(), 200: set()}),
    Story("what is shed counts where the objective says so", BURN, shed("up"),
          {119: set(), 130: {"page", "ticket"}}),
    Story("and does not where it does not", "kind: burn_rate, slo: quick", shed("quick"),
          {130: set(), 179: set()}),
    Story("an act of the demo", BURN, outage(60, 20, 200, each=100.0),
          {59: set(), 66: {"page", "ticket"}, 79: {"page", "ticket"}, 110: {"ticket"},
           279: set()}, DEMO),
    Story("a quiet demo", BURN, outage(60, 20, 60, share=0.0, each=100.0), {79: set()}, DEMO),
    Story("a budget that is spent", "kind: budget_left, slo: up", outage(0, 10, 120, share=0.5),
          {5: set(), 60: {"ticket"}, 120: {"ticket"}}),
    Story("a budget of which enough is left", "kind: budget_left, slo: up",
          outage(0, 120, 0, share=0.0005), {60: set(), 119: set()}),
    Story("one of two is down", "kind: sidecar_down",
          {BUILD % FROM: GONE, BUILD % OTHER: f"{UP} {UP} {UP}",
           'up{job="sidecars",instance="a"}': f"{UP} {DOWN}",
           'up{job="sidecars",instance="b"}': f"{UP} {UP} {UP}"},
          {9: set(), 20: {"ticket"}}),
    Story("somebody else's target is down", "kind: sidecar_down",
          {BUILD % FROM: f"{UP} {UP} {UP}", 'up{job="sidecars",instance="a"}': f"{UP} {UP} {UP}",
           'up{job="other",instance="z"}': f"{UP} {DOWN}"}, {20: set(), 29: set()}),
    Story("a name that nobody knows", "kind: lookups_failing",
          {LOOKUPS % "failure": steps((0, 10), (6, 30)),
           LOOKUPS % "success": steps((6, 10), (0, 30))},
          {9: set(), 39: {"ticket"}}),
    Story("a name that is known now and then", "kind: lookups_failing",
          {LOOKUPS % "failure": steps((0, 10), (6, 30)), LOOKUPS % "success": steps((6, 40))},
          {39: set()}),
    Story("again and again", "kind: sidecar_restarts",
          {f"process_start_time_seconds{{{FROM}}}": "1 1 1 1 1 2 2 3 3 4 4 4 4 4 4 4 4 4"},
          {6: set(), 12: {"ticket"}}),
    Story("two deployments", "kind: sidecar_restarts",
          {f"process_start_time_seconds{{{FROM}}}": "1 1 1 1 1 2 2 3 3 3 3 3 3 3 3 3 3 3"},
          {12: set(), 17: set()}),
    Story("the first bug of a sidecar", BUGS,
          {BUILD % FROM: "1x40", BUG: "_x20 1x20"}, {19: set(), 22: {"ticket"}}),
    Story("a bug of one that has just started", BUGS,
          {BUILD % FROM: "_x20 1x20", f"process_start_time_seconds{{{FROM}}}": "_x20 1190x20",
           BUG: "_x20 1x20"}, {19: set(), 22: {"ticket"}}),
    Story("an old bug, after Prometheus was away", BUGS,
          {BUILD % FROM: "_x20 1x20", f"process_start_time_seconds{{{FROM}}}": "_x20 0x20",
           BUG: "_x20 1x20"}, {19: set(), 22: set(), 30: set(), 39: set()}),
    Story("the loop is late", "kind: loop_late", buckets(0.1), {2: set(), 40: {"ticket"}}),
    Story("the loop is in time", "kind: loop_late", buckets(0.01), {40: set(), 59: set()}),
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.name))
def test_it_is_told_when_it_must_be_and_not_otherwise(story: Story, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(rule_file(compiled(f"name: a, {story.entry}", story.profile)))
    unit = "s" if story.profile is DEMO else "m"
    asked = {
        "rule_files": [rules.name],
        "evaluation_interval": f"1{unit}",
        "tests": [
            {
                "interval": f"1{unit}",
                "input_series": [
                    {"series": name, "values": values} for name, values in story.series.items()
                ],
                "promql_expr_test": list(_expected(story, unit)),
            }
        ],
    }
    (tmp_path / "tests.yaml").write_text(json.dumps(asked))
    promtool("test", "rules", tmp_path / "tests.yaml")


def _expected(story: Story, unit: str) -> Iterator[dict[str, Any]]:
    for step, severities in story.fires.items():
        yield {
            "expr": 'count by (severity) (ALERTS{alertstate="firing"})',
            "eval_time": f"{step}{unit}",
            "exp_samples": [
                {"labels": f'{{severity="{severity}"}}', "value": 1}
                for severity in sorted(severities)
            ],
        }
