from __future__ import annotations

import os

from sidecar.admin.actor import Actor
from sidecar.admin.status_view import overview, rule_file, status
from sidecar.ruleset.check import check
from tests.admin.running import RULES, Running


async def test_one_look(running: Running) -> None:
    await running.steering.override("access/*", "shadow", "1m", "", Actor("ann"))
    running.inside.readiness.by_hand = True
    shown = status(running.inside)
    assert (shown.service, shown.ready, shown.reason) == ("shop", False, "draining")
    assert shown.host.pid == os.getpid()
    assert shown.host.memory_bytes > 10_000_000
    assert shown.addresses == {"inbound": "127.0.0.1:8080"}
    assert [one.target for one in shown.controls] == ["access/*"]
    assert shown.in_force_since.year > 2000


async def test_everything_at_one_moment(running: Running) -> None:
    shown = overview(running.inside)
    assert [one.name for one in shown.routes] == ["orders", "other"]
    assert [one.name for one in shown.breakers] == ["app"]
    assert [one.name for one in shown.upstreams] == ["app"]
    assert shown.clock > 0


async def test_a_file_with_a_mistake_is_shown_with_its_line(running: Running) -> None:
    running.live.reload(check(RULES.replace("limit: 5/s", "limt: 5/s"), "shop.yaml"))
    shown = rule_file(running.inside)
    assert shown.trouble.startswith("shop.yaml:10:")
    assert [(one.code, one.line) for one in shown.diagnostics] == [("unknown-field", 10)]
    assert "limit: 5/s" in shown.text
    assert (shown.reloads, shown.failed_reloads) == (1, 1)
