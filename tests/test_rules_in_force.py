from __future__ import annotations

import asyncio
from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sidecar.model.policy import Mode, Notice
from sidecar.proxy.engine import Engine
from sidecar.rules_in_force import RulesInForce
from sidecar.ruleset.check import check
from sidecar.ruleset.controls import Control, What
from sidecar.telemetry.cells import Aim
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
from sidecar.telemetry.rule_told import RuleTold
from tests.ruleset.compiled import checked, rule_file

LIMIT = (
    "keys: {client: {from: client.address}}\nrate_limits: [{name: each, per: client, limit: 1/s}]"
)


class Written:
    """A log that is read by the test."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str, dict[str, Any]]] = []

    def log_event(self, event: str, severity: str, text: str, **facts: Any) -> None:
        self.events.append((event, severity, text, facts))

    def choose(self, access: float, *, decisions: bool) -> None:
        self.chosen = access, decisions


class Running:
    """Rules in force on an engine without listeners."""

    def __init__(self, text: str) -> None:
        self.meters, self.log = Meters("shop"), Written()
        log: Any = self.log
        self.live = RulesInForce(
            checked(text), Path("/etc/shop"), self.meters, log, Random().random
        )
        loop = asyncio.get_running_loop()
        self.engine = Engine(loop, self.live.first(), self.meters, RecordRing(10), Random(1))
        self.live.run_on(self.engine)

    def mode(self) -> Mode:
        return self.engine.rules.rules["rate_limits", "each"].mode


async def test_a_good_file_takes_the_place_of_the_last_one() -> None:
    running = Running(rule_file(LIMIT))
    before = running.engine.rules
    running.live.reload(checked(rule_file(LIMIT.replace("1/s", "2/s"))))
    assert running.engine.rules is not before
    assert running.meters.reloads.version == running.engine.rules.version != before.version
    assert [one[0] for one in running.log.events] == ["sidecar.reload"]
    assert running.log.events[0][3] == {
        "version": running.engine.rules.version,
        "before": before.version,
    }


async def test_a_bad_file_changes_nothing_and_is_remembered_with_its_line() -> None:
    running = Running(rule_file(LIMIT))
    before = running.engine.rules
    running.live.reload(check(rule_file(LIMIT.replace("limit:", "limt:")), "shop.yaml"))
    assert running.engine.rules is before
    assert running.live.trouble.startswith("shop.yaml:6:")
    assert running.meters.reloads.last_failed
    running.live.reload(checked(rule_file(LIMIT)))
    assert running.live.trouble == ""
    assert not running.meters.reloads.last_failed


async def test_what_needs_a_restart_is_refused_whole() -> None:
    running = Running(rule_file(LIMIT))
    before = running.engine.rules
    moved = rule_file(LIMIT.replace("1/s", "2/s"), inbound="{bind: 127.0.0.1:8081}")
    running.live.reload(checked(moved))
    assert running.engine.rules is before
    assert "needs-restart" in running.live.trouble


def shadow_until(until: float, target: str = "rate_limits/*") -> Control:
    return Control(What.OVERRIDE, target, "shadow", until)


async def test_modes_set_by_hand_hold_over_reloads_until_they_are_taken_back() -> None:
    running = Running(rule_file(LIMIT))
    running.live.put(shadow_until(inf))
    assert running.mode() is Mode.SHADOW
    running.live.reload(checked(rule_file(LIMIT.replace("1/s", "2/s"))))
    assert running.mode() is Mode.SHADOW
    assert running.meters.controls() == {"override": 1, "switch": 0, "breaker": 0}
    lifted = running.live.lift(What.OVERRIDE, "rate_limits/*")
    assert lifted == shadow_until(inf)
    assert running.mode() is Mode.ENFORCE
    assert running.live.lift(What.OVERRIDE, "rate_limits/*") is None


async def test_what_was_set_by_hand_ends_by_itself() -> None:
    running = Running(rule_file(LIMIT))
    running.live.put(shadow_until(100.0))
    before = running.engine.rules
    assert running.live.look(99.9) == []
    assert running.engine.rules is before
    assert running.live.look(100.0) == [shadow_until(100.0)]
    assert running.mode() is Mode.ENFORCE


async def test_a_rule_holds_within_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [1000.0]
    monkeypatch.setattr("sidecar.rules_in_force.time.time", lambda: shown[-1])
    text = LIMIT.replace("limit: 1/s", "limit: 1/s, active: {from: 1970-01-01T01:00:00Z, for: 1m}")
    running = Running(rule_file(text))
    chains = []
    # The clock is set back in the end: what it says now is what counts.
    for wall in (1000.0, 3599.0, 3600.0, 3659.9, 3660.0, 3601.0, 10.0):
        shown.append(wall)
        running.live.look(0.0)
        chains.append(len(running.engine.rules.routes["other"].chain.enforced))
    assert chains == [0, 0, 1, 1, 0, 1, 0]


class Breaker:
    """What the rules know of a breaker."""

    def __init__(self) -> None:
        self.forced: list[tuple[str | None, float]] = []

    def force(self, state: str | None, until: float, now: float) -> None:
        del now
        self.forced.append((state, until))

    def adopt(self, predecessor: object, now: float) -> None:
        raise NotImplementedError


async def test_a_breaker_is_held_and_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(rule_file(LIMIT))
    breaker = Breaker()
    policies: Any = running.engine.rules.policies
    policies["breakers", "inventory"] = breaker
    monkeypatch.setattr(running.live, "renew", lambda: None)
    running.live.put(Control(What.BREAKER, "inventory", "open", 60.0))
    assert breaker.forced == [("open", 60.0)]
    running.live.look(60.0)
    assert breaker.forced == [("open", 60.0), (None, 0.0)]


async def test_a_breaker_that_was_not_there_is_held_too() -> None:
    running = Running(rule_file())
    running.live.put(Control(What.BREAKER, "app", "open", inf))
    text = rule_file("breakers: [{name: app, upstream: app, open_when: {consecutive_errors: 3}}]")
    running.live.reload(checked(text))
    forced = [one.value for _, one in running.meters.readings() if one.name == "breaker_forced"]
    assert forced == [1.0]
    told = len(running.log.events)
    running.live.renew()
    assert len(running.log.events) == told


async def test_the_metrics_show_the_rules_of_now() -> None:
    running = Running(rule_file(LIMIT))
    shown = [(rule.name, reading.name) for rule, reading in running.meters.readings()]
    assert shown == [("each", "tracked_keys"), ("each", "evictions")]
    running.live.reload(checked(rule_file()))
    assert list(running.meters.readings()) == []


async def test_the_metrics_show_where_each_rule_of_now_stands_and_why() -> None:
    text = f"{rule_file(LIMIT.replace('1/s', '1/s, why: fair to all'))}\nowner: team-shop\n"
    running = Running(text)
    [told] = running.meters.rules_told()
    assert told == RuleTold(
        "rate_limits", "each", "enforce", "file", told.source, "team-shop", "fair to all"
    )
    line = int(told.source.removeprefix("shop.yaml:"))
    assert "name: each" in text.splitlines()[line - 1]
    running.live.reload(checked(f"# moved\n{text.replace('owner: team-shop', '')}"))
    moved = told._replace(owner="", source=f"shop.yaml:{line + 1}")
    assert list(running.meters.rules_told()) == [moved]
    running.live.reload(checked(rule_file()))
    assert list(running.meters.rules_told()) == []


async def test_a_rule_that_the_file_disables_is_not_told() -> None:
    running = Running(rule_file(LIMIT.replace("1/s", "1/s, mode: disabled")))
    assert list(running.meters.rules_told()) == []


def modes_told(running: Running) -> list[tuple[str, str]]:
    return [(one.mode, one.mode_by) for one in running.meters.rules_told()]


@pytest.mark.parametrize("setting", ["enforce", "shadow", "disabled"])
async def test_the_mode_that_is_told_is_the_one_that_operators_want(setting: str) -> None:
    running = Running(rule_file(LIMIT))
    assert modes_told(running) == [("enforce", "file")]
    running.live.put(replace(shadow_until(inf), setting=setting))
    assert modes_told(running) == [(setting, "override")]
    running.live.lift(What.OVERRIDE, "rate_limits/*")
    assert modes_told(running) == [("enforce", "file")]


async def test_a_rule_outside_of_its_window_is_told_as_disabled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [1000.0]
    monkeypatch.setattr("sidecar.rules_in_force.time.time", lambda: shown[-1])
    text = LIMIT.replace("limit: 1/s", "limit: 1/s, active: {from: 1970-01-01T01:00:00Z, for: 1m}")
    running = Running(rule_file(text))
    assert modes_told(running) == [("disabled", "window")]
    running.live.put(shadow_until(inf))
    assert modes_told(running) == [("disabled", "window")]
    shown.append(3600.0)
    running.live.look(0.0)
    assert modes_told(running) == [("shadow", "override")]


async def test_objectives_count_on_and_show_the_targets_of_now() -> None:
    text = "slo: [{name: up, good: {status_below: 500}, target: 99%, over: 1d}]\n"
    running = Running(rule_file(text))
    [objective] = running.live.rules.routes["other"].objectives
    objective.count.bad += 1
    running.live.reload(checked(rule_file(text.replace("99%", "98%"))))
    [objective] = running.live.rules.routes["other"].objectives
    assert objective.count is running.meters.objective("up")
    assert (running.meters.objective("up").bad, running.meters.aims()) == (
        1,
        {"up": Aim(0.98, 86_400.0, not_shed=False)},
    )
    running.live.reload(checked(rule_file()))
    assert (running.meters.objective("up").bad, running.meters.aims()) == (1, {})


async def test_what_a_rule_has_to_tell_is_logged() -> None:
    running = Running(rule_file(LIMIT))
    running.live.notice(Notice("sidecar.breaker", "inventory has opened", {"ratio": 0.5}))
    assert running.log.events == [
        ("sidecar.breaker", "INFO", "inventory has opened", {"ratio": 0.5})
    ]


async def test_a_file_with_errors_is_never_in_force() -> None:
    bad = check("format: nonsense", "shop.yaml")
    with pytest.raises(ValueError, match="never in force"):
        RulesInForce(bad, Path(), Meters("shop"), Written(), Random().random)  # type: ignore[arg-type]  # not reached


async def test_what_is_logged_changes_with_the_file() -> None:
    running = Running(rule_file(LIMIT))
    assert running.log.chosen == (1.0, True)
    logs = "\ntelemetry: {logs: {access: 10%, decisions: none}}\n"
    running.live.reload(checked(rule_file(LIMIT) + logs))
    assert running.live.trouble == ""
    assert running.log.chosen == (0.1, False)
