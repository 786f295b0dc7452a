from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sidecar.model.policy import Mode, Notice
from sidecar.proxy.engine import Engine
from sidecar.rules_in_force import RulesInForce
from sidecar.ruleset.check import check
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.record import RecordRing
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


async def test_modes_set_by_hand_hold_over_reloads_until_they_are_taken_back() -> None:
    running = Running(rule_file(LIMIT))
    running.live.controls.modes["rate_limits/*"] = Mode.SHADOW
    running.live.renew()
    assert running.mode() is Mode.SHADOW
    running.live.reload(checked(rule_file(LIMIT.replace("1/s", "2/s"))))
    assert running.mode() is Mode.SHADOW
    running.live.controls.modes.clear()
    running.live.renew()
    assert running.mode() is Mode.ENFORCE


async def test_the_metrics_show_the_rules_of_now() -> None:
    running = Running(rule_file(LIMIT))
    shown = [(rule.name, reading.name) for rule, reading in running.meters.readings()]
    assert shown == [("each", "tracked_keys"), ("each", "evictions")]
    running.live.reload(checked(rule_file()))
    assert list(running.meters.readings()) == []


async def test_what_a_rule_has_to_tell_is_logged() -> None:
    running = Running(rule_file(LIMIT))
    running.live._notice(Notice("sidecar.breaker", "inventory has opened", {"ratio": 0.5}))
    assert running.log.events == [
        ("sidecar.breaker", "INFO", "inventory has opened", {"ratio": 0.5})
    ]


async def test_a_file_with_errors_is_never_in_force() -> None:
    bad = check("format: nonsense", "shop.yaml")
    with pytest.raises(ValueError, match="never in force"):
        RulesInForce(bad, Path(), Meters("shop"), Written(), Random().random)  # type: ignore[arg-type]  # not reached
