from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.admin.actor import Actor
from sidecar.admin.kept import FILE_NAME
from sidecar.admin.refusal import Refused
from sidecar.admin.steering import LONGEST_SECONDS
from sidecar.model.policy import Mode
from sidecar.proxy.clock import clock
from sidecar.ruleset.controls import What
from tests.admin.running import Running

ANN = Actor("ann")


def mode(running: Running, kind: str, name: str) -> Mode:
    return running.live.rules.rules[kind, name].mode


async def test_an_override_holds_at_once_is_kept_and_told(running: Running, tmp_path: Path) -> None:
    before = clock()
    control = await running.steering.override("rate_limits/*", "shadow", "10m", "a sale", ANN)
    assert mode(running, "rate_limits", "each") is Mode.SHADOW
    assert before + 600 <= control.until <= clock() + 600
    assert running.changes() == [("override", "rate_limits/*", "shadow", "set")]
    (event,) = running.log.events
    assert event[:2] == ("sidecar.control", "WARN")
    assert event[2].startswith("override rate_limits/* shadow: set by ann until ")
    kept = json.loads((tmp_path / FILE_NAME).read_text())
    assert kept["controls"][0]["target"] == "rate_limits/*"


async def test_what_the_file_disables_may_be_tried(running: Running) -> None:
    await running.steering.override("rate_limits/off", "shadow", "1m", "", ANN)
    assert mode(running, "rate_limits", "off") is Mode.SHADOW


async def test_what_is_lifted_is_forgotten(running: Running, tmp_path: Path) -> None:
    await running.steering.override("access/office", "disabled", "10m", "", ANN)
    await running.steering.lift(What.OVERRIDE, "access/office", "over", ANN)
    assert mode(running, "access", "office") is Mode.ENFORCE
    assert running.changes()[-1] == ("override", "access/office", "disabled", "lifted")
    assert not (tmp_path / FILE_NAME).exists()


async def test_what_has_ended_is_told(running: Running) -> None:
    await running.steering.override("access/*", "shadow", "1s", "", ANN)
    running.steering.ended(running.live.look(clock() + 1.0))
    assert mode(running, "access", "office") is Mode.ENFORCE
    assert running.changes()[-1] == ("override", "access/*", "shadow", "ended")
    assert running.audit.last(1)[0].by == "sidecar"


@pytest.mark.parametrize(
    "pattern, mode, length, status, words",
    [
        ("rate_limit/*", "shadow", "1m", 404, "there is no rule 'rate_limit/*'; did you mean"),
        ("", "shadow", "1m", 404, "there is no rule ''"),
        ("access/*", "shadows", "1m", 422, "'shadows' is not a mode: write enforce or shadow"),
        ("access/*", "shadow", "10", 422, "'10' is not a duration: write a duration such as"),
        ("access/*", "shadow", "0s", 422, "is not between nothing and 3650d"),
        ("access/*", "shadow", "", 422, "is not a duration"),
        ("access/*", "shadow", "25h", 422, "for 25h is too long: up to 24h"),
    ],
)
async def test_what_cannot_be_says_what_would_be_right(
    running: Running, pattern: str, mode: str, length: str, status: int, words: str
) -> None:
    before = running.live.rules
    with pytest.raises(Refused) as refused:
        await running.steering.override(pattern, mode, length, "", ANN)
    assert refused.value.problem.status == status
    assert words in refused.value.problem.detail
    assert running.live.rules is before
    assert running.changes() == []


async def test_a_breaker_is_held_and_let_go(running: Running) -> None:
    breaker = running.live.rules.policies["breakers", "app"]
    await running.steering.force("app", "open", "1m", "", ANN)
    assert breaker.facts(None, clock())["state"] == "open"
    await running.steering.lift(What.BREAKER, "app", "", ANN)
    forced = [one.value for one in breaker.readings(clock()) if one.name == "breaker_forced"]
    assert forced == [0.0]
    with pytest.raises(Refused, match="there is no breaker 'ap'; did you mean app"):
        await running.steering.force("ap", "open", "1m", "", ANN)
    with pytest.raises(Refused, match="is not a state to hold a breaker in"):
        await running.steering.force("app", "half_open", "1m", "", ANN)
    with pytest.raises(Refused, match="there is no breaker in force"):
        await running.steering.lift(What.BREAKER, "app", "", ANN)


async def test_a_switch_that_there_is_not_cannot_be_thrown(running: Running) -> None:
    with pytest.raises(Refused, match="there is no switch"):
        await running.steering.turn_on("degrade", "1m", "", ANN)


async def test_a_restart_goes_on_with_what_holds(running: Running, tmp_path: Path) -> None:
    await running.steering.override("access/*", "shadow", "10m", "why not", ANN)
    await running.steering.force("app", "open", "10m", "", ANN)
    again = Running(tmp_path)
    again.steering.restore(clock(), again.live.put)
    assert mode(again, "access", "office") is Mode.SHADOW
    assert [(one.by, one.why) for one in again.live.controls.active(What.OVERRIDE)] == [
        ("ann", "why not")
    ]
    assert again.live.rules.policies["breakers", "app"].facts(None, clock())["state"] == "open"
    # What was set meanwhile stays as it is.
    await again.steering.override("access/*", "disabled", "1m", "", ANN)
    again.steering.restore(clock(), again.live.put)
    assert [one.setting for one in again.live.controls.active(What.OVERRIDE)] == ["disabled"]


async def test_a_file_that_is_broken_is_told_and_forgotten(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    running.steering.restore(clock(), running.live.put)
    assert running.live.controls.active() == []
    (event,) = running.log.events
    assert event[:2] == ("sidecar.control", "ERROR")
    assert "what was set by hand is forgotten" in event[2]


async def test_what_cannot_be_kept_holds_all_the_same(running: Running, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    await running.steering.override("access/*", "shadow", "10m", "", ANN)
    assert mode(running, "access", "office") is Mode.SHADOW
    assert [one[1] for one in running.log.events] == ["WARN", "ERROR"]


def test_nothing_is_set_for_longer_than_a_day() -> None:
    assert LONGEST_SECONDS == 86400
