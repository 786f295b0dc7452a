"""What a sidecar tells before, during and after a fault, and when alerts must say so.

The times that are expected follow from the shape of what is told, not from the expressions:

- *gauge*: it is so from the first faulty scrape on, and ends with the first good one.
- *growth* within a window: it is so from the scrape after the first, and ends when the window has
  left the last one behind.
- *share* over a window: ``share`` of all is bad while the fault lasts, so that of the window it is
  ``share · elapsed / window``, which passes ``above`` after ``above · window / share``; afterwards
  it falls as it has risen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import floor
from pathlib import Path
from typing import Any, Final, NamedTuple

from sidecar.alerting.alert import Group
from sidecar.alerting.profile import DEMO, PRODUCTION, Profile
from sidecar.alerting.prometheus import rule_file
from tests.servers.prometheus import promtool

#: How often Prometheus scrapes and looks, in seconds.
STEP: Final = {PRODUCTION.name: 15.0, DEMO.name: 1.0}
#: What a scraper adds.
FROM: Final = 'job="sidecars",instance="10.1.0.1:9464",service="shop"'


class Told(NamedTuple):
    """A series: what it is when all is well, and during the fault. None where there is none."""

    #: Name and own labels: ``sidecar_breaker_state{state="open"}``.
    series: str
    well: float | None
    faulty: float | None
    #: Whether the numbers are what it grows by in a second.
    grows: bool = False
    #: Labels instead of those of a sidecar of the shop.
    scraped: str = FROM

    @property
    def name(self) -> str:
        """With all its labels."""
        metric, _, own = self.series.partition("{")
        labels = ",".join(filter(None, (own.removesuffix("}"), self.scraped)))
        return f"{metric}{{{labels}}}"


class Phases(NamedTuple):
    """When the fault begins and ends, and the end of everything, in scrapes."""

    begins: int
    ends: int
    over: int

    def values(self, told: Told, step: float) -> str:
        """The series as promtool writes it."""
        levels = [*[told.well] * self.begins, *[told.faulty] * (self.ends - self.begins),
                  *[told.well] * (self.over - self.ends)]  # fmt: skip
        if not told.grows:
            return " ".join("stale" if one is None else f"{one:g}" for one in levels)
        text, total = [], 0.0
        for one in levels:
            text.append("_" if one is None else f"{total:.10g}")
            total += (one or 0.0) * step
        return " ".join(text)


class Course(NamedTuple):
    """A scenario, and when an alert about it must fire and end, in scrapes."""

    phases: Phases
    fires: int
    #: The fault fills the window; what is told has its final value.
    steady: int
    ends: int


def course(shape: str, profile: Profile, *, over: float = 0.0, hold: float, keep: float = 0.0,
           above: float = 0.0, share: float = 1.0) -> Course:  # fmt: skip
    """The course of a fault of one of the shapes above; times are those of the rule file."""
    step = STEP[profile.name]
    window, wait, kept = (profile.seconds(one) / step for one in (over, hold, keep))
    # An evaluation later where a time is no whole number of them.
    wait, kept = -(-wait // 1), -(-kept // 1)
    begins = int(window) + 20
    ends = begins + int(2 * window + 2 * wait) + 20
    if shape == "gauge":
        seen, lost = 0, 0
    elif shape == "growth":
        seen, lost = 1, int(window)
    else:
        seen = floor(above * window / share + 1e-9) + 1
        lost = int(window) - floor(above * window / share + 1e-9)
    over_at = ends + int(window + kept) + 20
    steady = begins + int(window + wait) + 5
    return Course(Phases(begins, ends, over_at), begins + seen + int(wait), steady,
                  ends + lost + int(kept))  # fmt: skip


def never(profile: Profile, *, over: float = 0.0, hold: float, short: bool = False) -> Phases:
    """A fault that nobody is to hear of; a short one ends when it would have been long enough."""
    step = STEP[profile.name]
    window, wait = (profile.seconds(one) / step for one in (over, hold))
    begins = int(window) + 20
    length = int(-(-wait // 1)) if short else int(2 * window + 2 * wait) + 20
    return Phases(begins, begins + length, begins + length + int(window) + 20)


def firing_test(
    told: Iterable[Told], found: Course, profile: Profile, labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Silent before, then exactly this alert, until it has ended."""
    step, name = STEP[profile.name], labels["alertname"]

    def at(scrape: int, count: int) -> dict[str, Any]:
        firing = {**labels, "alertstate": "firing"}
        wanted = ",".join(f"{one}={json.dumps(value)}" for one, value in firing.items())
        sample = {"labels": f"ALERTS{{{wanted}}}", "value": count}
        return {
            "expr": 'ALERTS{alertstate="firing"}',
            "eval_time": _time(scrape * step),
            "exp_samples": [sample] if count else [],
        }

    own = {one: value for one, value in labels.items() if one != "alertname"}
    return {
        **_series(told, found.phases, step),
        "promql_expr_test": [
            at(found.fires - 1, 0),
            at(found.fires, 1),
            at(found.ends - 1, 1),
            at(found.ends, 0),
        ],
        "alert_rule_test": [
            {
                "eval_time": _time(found.steady * step),
                "alertname": name,
                "exp_alerts": [{"exp_labels": own, "exp_annotations": dict(annotations)}],
            }
        ],
    }


def silent_test(told: Iterable[Told], phases: Phases, profile: Profile, why: str) -> dict[str, Any]:
    """Nothing fires, from the beginning to the end."""
    step = STEP[profile.name]
    length = _time(phases.over * step)
    return {
        "name": why,
        **_series(told, phases, step),
        "promql_expr_test": [
            {
                "expr": f'max_over_time(ALERTS{{alertstate="firing"}}[{length}])',
                "eval_time": length,
                "exp_samples": [],
            }
        ],
    }


def _series(told: Iterable[Told], phases: Phases, step: float) -> dict[str, Any]:
    return {
        "interval": _time(step),
        "input_series": [{"series": one.name, "values": phases.values(one, step)} for one in told],
    }


def _time(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def judge(
    folder: Path, groups: Iterable[Group], tests: Iterable[dict[str, Any]], profile: Profile
) -> None:
    """Promtool reads the rules and runs the tests; fails with what it says."""
    rules = folder / "rules.yaml"
    rules.write_text(rule_file(groups), encoding="utf-8")
    promtool("check", "rules", "--lint-fatal", rules)
    asked = {
        "rule_files": [rules.name],
        "evaluation_interval": _time(STEP[profile.name]),
        "tests": [*tests],
    }
    path = folder / "tests.yaml"
    path.write_text(json.dumps(asked), encoding="utf-8")
    promtool("test", "rules", path)
