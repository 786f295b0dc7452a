"""Shadow rules change nothing: the same trace, with them and without them, is decided alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from sidecar.ruleset.surroundings import Surroundings
from sidecar.state.load import Load
from tests.proxy.simulation import ENDINGS, Asked, Simulation
from tests.ruleset.compiled import FOLDER, compiled, count_anything, rule_file

KEYS = "keys: {user: {from: header, name: x-user, believe: anyone}}\n"

#: Rules of every kind that decides about requests, tight enough to matter in a short trace.
RULES: dict[str, list[dict[str, Any]]] = {
    "access": [{"deny": {"user": "eve"}}, {"match": {"path": "/a"}, "allow": {"user": "ann"}}],
    "rate_limits": [
        {"limit": "20/s", "burst": 5},
        {"limit": "5/s", "per": "user", "burst": 2},
        {"limit": "5/s", "per": "user", "algorithm": "gcra"},
        {"limit": "4/s", "algorithm": "fixed_window"},
        {"limit": "4/s", "per": "user", "algorithm": "sliding_window"},
        {"limit": "4/s", "algorithm": "moving_window"},
        {"limit": "9/s", "algorithm": "warm_up", "warm_up": {"for": "5s", "from": "30%"}},
        {"limit": "8/s", "algorithm": "pace", "wait_at_most": "500ms"},
    ],
    "concurrency": [
        {"at_most": 3},
        {"at_most": 2, "queue": {"at_most": 2, "wait_at_most": "100ms"}},
        {"at_most": 1, "per": "user", "queue": {"at_most": 3, "order": "arrival"}},
    ],
    "overload": [
        {"cpu": {"shed_above": "50%"}},
        {"queue_delay": {"shed_above": "5ms"}},
    ],
    "breakers": [
        {
            "upstream": "app",
            "open_when": {"error_ratio": "50%", "over": "2s", "at_least": "4 requests"},
            "open_for": {"first": "200ms", "growing_to": "1s"},
            "half_open": {"probes": 2, "give_up_after": "1s"},
        },
        {"upstream": "app", "open_when": {"consecutive_errors": 3}, "open_for": {"first": "300ms"}},
    ],
}


@dataclass(frozen=True)
class Picked:
    """A rule of the table."""

    kind: str
    index: int

    def entry(self, mode: str) -> dict[str, Any]:
        name = f"{mode}-{self.index}"
        return {"name": name, "mode": mode, **RULES[self.kind][self.index]}


PICKS = [Picked(kind, index) for kind, rules in RULES.items() for index in range(len(rules))]


def file_of(enforced: list[Picked], shadow: list[Picked]) -> str:
    sections: dict[str, list[dict[str, Any]]] = {}
    for mode, picks in (("shadow", shadow), ("enforce", enforced)):
        for pick in picks:
            sections.setdefault(pick.kind, []).append(pick.entry(mode))
    written = "".join(f"{kind}: {json.dumps(rules)}\n" for kind, rules in sections.items())
    return rule_file(KEYS + written)


picks = st.lists(st.sampled_from(PICKS), unique=True, max_size=5)
traces = st.lists(
    st.builds(
        Asked,
        after=st.sampled_from([0.0, 0.0, 0.01, 0.05, 0.3]),
        user=st.sampled_from(["ann", "bob", "eve"]),
        path=st.sampled_from(["/", "/a"]),
        ending=st.sampled_from(sorted(ENDINGS)),
        seconds=st.sampled_from([0.0, 0.02, 0.2, 0.8]),
        priority=st.integers(0, 3),
    ),
    min_size=5,
    max_size=60,
)


cpus = st.lists(st.sampled_from([0.1, 0.6, 0.95]), max_size=30)


def run(text: str, trace: list[Asked], cpu: list[float]) -> list[tuple[int, float, str]]:
    """What the rules of a file decide about a trace on a host that is so busy."""
    load = Load()
    around = Surroundings(FOLDER, count_anything, load=load, chance=lambda: 0.5)
    simulation = Simulation(compiled(text, surroundings=around))
    simulation.measured(load, cpu)
    return simulation.run(trace)


@settings(deadline=None)
@given(picks, picks, traces, cpus)
def test_enforced_decisions_are_the_same_with_and_without_shadow_rules(
    enforced: list[Picked], shadow: list[Picked], trace: list[Asked], cpu: list[float]
) -> None:
    alone = run(file_of(enforced, []), trace, cpu)
    beside = run(file_of(enforced, shadow), trace, cpu)
    assert beside == alone


def test_the_trace_is_one_in_which_every_rule_decides() -> None:
    """So that the property above is about something."""
    trace = [Asked(0.01, "eve" if n % 5 == 0 else "ann", "/", "broken") for n in range(60)]
    trace += [Asked(0.02, "bob", "/a") for _ in range(20)]
    for pick in PICKS:
        decided = {what for _, _, what in run(file_of([pick], []), trace, [0.95] * 30)}
        assert decided - {"admitted"}, f"{pick} never did anything"
