"""What it does over sockets is tested with real processes, in tests/integration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecar.admin.actor import Actor
from sidecar.control_room import ControlRoom
from sidecar.proxy.clock import clock
from sidecar.ruleset.check import check
from tests.admin.running import RULES, Running


def a_room(running: Running, folder: Path) -> ControlRoom:
    log: Any = running.log
    rule_file = Path("/etc/shop/shop.yaml")
    return ControlRoom(running.live, running.meters, log, rule_file, folder, lambda: None)


async def test_what_is_over_ends_and_is_audited(tmp_path: Path) -> None:
    room = a_room(Running(tmp_path), tmp_path)
    await room.steering.override("access/*", "shadow", "1s", "", Actor("ann"))
    room.look(clock())
    assert len(room.audit.last(10)) == 1
    room.look(clock() + 1.0)
    assert [one.result for one in room.audit.last(10)] == ["ended", "set"]
    room.audit.close(1.0)


async def test_reloads_are_audited_with_their_mistakes(tmp_path: Path) -> None:
    running = Running(tmp_path)
    room = a_room(running, tmp_path)
    running.live.reload(check(RULES.replace("limit: 5/s", "limit: 6/s"), "shop.yaml"))
    room.reloaded()
    running.live.reload(check(RULES.replace("limit: 5/s", "limt: 5/s"), "shop.yaml"))
    room.reloaded()
    failed, done = room.audit.last(2)
    assert (done.action, done.result, done.by) == ("reload", "done", "rule file")
    assert failed.result == "failed"
    assert failed.why.startswith("shop.yaml:10:")
    room.audit.close(1.0)


async def test_the_token_is_the_one_of_the_rules_in_force(tmp_path: Path) -> None:
    running = Running(tmp_path)
    room = a_room(running, tmp_path)
    assert room.token() == ""
    admin = "admin: {bind: 127.0.0.1:9901, token: hunter2}\n"
    asked = Running(tmp_path, RULES + admin)
    room = a_room(asked, tmp_path)
    assert room.token() == "hunter2"
    asked.live.reload(check(RULES + admin.replace("hunter2", "other"), "shop.yaml"))
    assert room.token() == "other"
