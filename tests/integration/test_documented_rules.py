"""What every rule has: match, mode, windows of time, operators above it; as the pages have it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import ask
from tests.integration.documented import Service, decided, example, rule, started, statuses
from tests.servers.sidecar import SidecarStarter


async def test_which_requests(sidecar_process: SidecarStarter, service: Service) -> None:
    part = example("Which requests: `match`")
    # One rule that refuses whoever is on a route: the status tells which route it was.
    part["rate_limits"] = [
        {"name": route["name"], "match": {"route": route["name"]}, "limit": "1/1h", "burst": 1}
        for route in part["routes"]
    ]
    sidecar = await started(sidecar_process, service.address, part)
    for target, user_agent, route in (
        ("/acme/orders", "", "list-orders"),
        ("/acme/orders/export?format=csv", "", "exports"),
        ("/big-one/exports/2026/1?format=xlsx", "", "exports"),
        ("/small/exports/2026?format=csv", "", "other"),
        ("/acme/exports/2026?format=pdf", "", "other"),
        ("/acme/exports/2026", "", "other"),
        ("/acme/orders/7", "a bot", "crawlers"),
        ("/acme/orders/7", "a BOT", "other"),
    ):
        fields = [("User-Agent", user_agent)] if user_agent else []
        before = metric(sidecar, "http_server_request_duration_seconds_count", http_route=route)
        await ask(sidecar.address, target, fields=fields)
        after = metric(sidecar, "http_server_request_duration_seconds_count", http_route=route)
        assert after == before + 1, (target, route)


async def test_shadow(sidecar_process: SidecarStarter, service: Service) -> None:
    part = example("Every rule")
    sidecar = await started(sidecar_process, service.address, part)
    assert await statuses(sidecar, "/orders", 10, method="POST") == {200: 10}
    assert decided(sidecar, "checkout", "refused") >= 5
    part["rate_limits"][0]["mode"] = "enforce"
    enforced = await started(sidecar_process, service.address, part)
    told = await statuses(enforced, "/orders", 10, method="POST")
    assert told[429] >= 5
    assert await statuses(enforced, "/orders", 10) == {200: 10}
    part["rate_limits"][0]["mode"] = "disabled"
    disabled = await started(sidecar_process, service.address, part)
    assert await statuses(disabled, "/orders", 10, method="POST") == {200: 10}
    assert decided(disabled, "checkout", "refused") == 0


@pytest.mark.alone
async def test_a_rule_rests_outside_of_its_window(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    part = rule(example("`active`: when a rule holds"), "rate_limits", "sale")
    [sale] = part["rate_limits"]
    now = datetime.now(UTC)
    sale.update(limit="1/1h", active={"from": (now - timedelta(seconds=60)).isoformat()})
    sale["active"]["to"] = (now + timedelta(seconds=6)).isoformat()
    sidecar = await started(sidecar_process, service.address, part)
    assert await statuses(sidecar, "/", 3) == {200: 1, 429: 2}

    async def rests() -> bool:
        return (await ask(sidecar.address, "/")).status == 200

    await eventually(rests, "the window is over")
    assert timedelta(seconds=6) <= datetime.now(UTC) - now


async def test_operators_stand_above_the_file(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    """``sidecar override trust/jwt`` is the page's; here it is the kind of rule it speaks of."""
    part = {"rate_limits": [{"name": "all", "limit": "1/1h", "burst": 1}]}
    sidecar = await started(sidecar_process, service.address, part)
    assert await statuses(sidecar, "/", 3) == {200: 1, 429: 2}
    words = ["override", "rate_limits/*", "--mode", "shadow", "--for", "3s", "--why", "a test"]
    command = [sys.executable, "-m", "sidecar", *words, "--socket", str(sidecar.state_dir)]
    called = await asyncio.create_subprocess_exec(*command)
    assert await called.wait() == 0
    assert await statuses(sidecar, "/", 3) == {200: 3}

    async def holds_again() -> bool:
        return (await ask(sidecar.address, "/")).status == 429

    await eventually(holds_again, "the override has ended by itself")
