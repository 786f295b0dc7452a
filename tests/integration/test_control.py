"""Operators change a running sidecar by its commands, while clients use it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import ask_admin, eventually, metric
from tests.integration.clients.connection import Answer, ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.integration.running import take_over
from tests.servers.nginx import Nginx
from tests.servers.ports import Address, connect
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

_SECONDS = 30.0


def limited(app: Address, **sections: Any) -> str:
    """One request a minute, and a breaker."""
    return rules(
        app,
        rate_limits=[{"name": "once", "limit": "1/m", "burst": 1, "why": "to be explained"}],
        breakers=[{"name": "app", "upstream": "app", "open_when": {"consecutive_errors": 3}}],
        **sections,
    )


def command(sidecar: SidecarProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command for this sidecar, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments],
        env={**os.environ, "SIDECAR_STATE_DIR": str(sidecar.state_dir), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


async def told(sidecar: SidecarProcess, *arguments: str) -> str:
    """What a command says that must succeed."""
    done = await asyncio.to_thread(command, sidecar, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def audited(sidecar: SidecarProcess) -> list[tuple[str, str, str, str]]:
    """The audit log, as it stands in its file."""
    lines = (sidecar.state_dir / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        (one["action"], one["target"], one["setting"], one["result"])
        for one in map(json.loads, lines)
    ]


async def status(sidecar: SidecarProcess) -> int:
    """What a client gets."""
    return (await ask(sidecar.address, "/small")).status


async def until_status(sidecar: SidecarProcess, wanted: int) -> float:
    """Seconds until a client gets this."""
    begun = time.monotonic()
    while await status(sidecar) != wanted:
        assert time.monotonic() < begun + 20.0
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


@asynccontextmanager
async def used(sidecar: SidecarProcess) -> AsyncIterator[None]:
    """Clients ask all the time; each gets an answer to each of its questions."""
    crowd = Crowd(sidecar.address)
    notes = crowd.add("any", 4, get("/small"), keep_alive=True)
    async with crowd.at_work():
        yield
    assert notes.failures == []
    assert notes.asked > 0


@both_loops
async def test_the_panic_lever_under_load(
    sidecar_process: SidecarStarter, nginx: Nginx, loop: Loop
) -> None:
    sidecar = sidecar_process(limited(nginx.address), loop=loop)
    async with used(sidecar):
        await until_status(sidecar, 429)
        said = await told(sidecar, "override", "rate_limits/*", "--mode", "shadow", "--for", "3s",
                          "--why", "the limit is wrong")  # fmt: skip
        # At once: it holds when the command has ended.
        assert await status(sidecar) == 200
        assert "override rate_limits/* is shadow until" in said
        assert metric(sidecar, "sidecar_controls_active", control="override") == 1.0
        sidecar.write_rules(limited(nginx.address, timeouts={"request": "9s"}))
        await eventually(lambda: "reload" in {one[0] for one in audited(sidecar)}, "reloaded")
        assert await status(sidecar) == 200
        # By itself, within a second of its end.
        await until_status(sidecar, 429)
    # It is written down beside the requests.
    ended = ("override", "rate_limits/*", "shadow", "ended")
    await eventually(lambda: ended in audited(sidecar), "its end is in the audit log")
    assert audited(sidecar)[0] == ("override", "rate_limits/*", "shadow", "set")
    assert "no override holds" in await told(sidecar, "override")
    line = json.loads((sidecar.state_dir / "audit.jsonl").read_text().splitlines()[0])
    assert (line["details"]["uid"], line["why"]) == (os.geteuid(), "the limit is wrong")


async def test_what_holds_survives_a_kill_and_a_take_over(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    text = limited(nginx.address)
    first = sidecar_process(text)
    await told(first, "override", "rate_limits/once", "--mode", "disabled", "--for", "5m")
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.to_thread(first.process.wait, 20.0)
    second = await asyncio.to_thread(sidecar_process, text, state_dir=first.state_dir)
    assert [await status(second) for _ in range(3)] == [200, 200, 200]
    await told(second, "breaker", "app", "open", "--for", "5m")
    assert await status(second) == 503
    third = await take_over(second, sidecar_process, text)
    assert await status(third) == 503
    await told(third, "breaker", "app", "auto")
    await until_status(third, 200)
    assert [one[:2] for one in audited(third)] == [
        ("override", "rate_limits/once"), ("breaker", "app"), ("breaker", "app"),
    ]  # fmt: skip


async def test_a_broken_state_file_is_told_and_starts_nothing_less(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    (tmp_path / "controls.json").write_bytes(b"\x00\xff{")
    sidecar = await asyncio.to_thread(sidecar_process, limited(nginx.address), state_dir=tmp_path)
    assert await status(sidecar) == 200
    await eventually(lambda: "what was set by hand is forgotten" in sidecar.log, "told")


def decision_of(answer: Answer) -> str:
    found: str = json.loads(answer.body)["decision"]
    return found


async def test_a_refusal_is_explained_by_the_id_that_the_client_got(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(limited(nginx.address))
    assert await status(sidecar) == 200
    refused = await ask(sidecar.address, "/small?card=4711")
    assert refused.status == 429
    await asyncio.sleep(0.3)
    said = await told(sidecar, "explain", decision_of(refused))
    for words in ("GET /small?card=REDACTED from 127.0.0.1", "✗ rate_limits/once  refused",
                  "test.rules.yaml:", "limit 1/60s", "why: to be explained", "· breakers/app",
                  "It was answered with 429 rate_limited"):  # fmt: skip
        assert words in said, said
    shown = json.loads(await told(sidecar, "explain", decision_of(refused), "--json"))
    assert shown["complete"] is True


async def test_switching_the_log_and_draining(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(limited(nginx.address, telemetry={"logs": {"file": "stdout"}}))
    await told(sidecar, "log-level", "error")
    assert await status(sidecar) == 200
    await told(sidecar, "drain")
    assert ask_admin(sidecar, "/readyz")[0] == 503
    assert await status(sidecar) == 429
    await told(sidecar, "drain", "--off")
    assert ask_admin(sidecar, "/readyz")[0] == 200
    await asyncio.sleep(0.3)
    assert "sidecar.request" not in sidecar.log
    await told(sidecar, "drain", "--stop")
    assert await asyncio.to_thread(sidecar.process.wait, 20.0) == 0
    assert [one[0] for one in audited(sidecar)] == ["log_level", "drain", "drain", "drain"]


async def test_who_taps_and_does_not_read_costs_clients_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(rules(nginx.address))
    sleeper = await asyncio.to_thread(connect, f"unix:{sidecar.state_dir / 'admin.sock'}", _SECONDS)
    with sleeper:
        sleeper.sendall(b"GET /v1/decisions/stream HTTP/1.1\r\nHost: s\r\n\r\n")
        crowd = Crowd(sidecar.address, 0.0)
        notes = crowd.add("any", 8, get("/small"), keep_alive=True)
        async with crowd.at_work():
            await asyncio.sleep(3.0)
        assert notes.failures == []
        lines = b""
        sleeper.settimeout(2.0)
        # What was too much is told, once there is somebody who reads.
        while b'{"lost":' not in lines and len(lines) < 1 << 26:
            lines += await asyncio.to_thread(sleeper.recv, 1 << 20)


@pytest.mark.parametrize("arguments", [["status"], ["top", "--count", "1", "--every", "0.2"]])
async def test_a_look_at_a_real_one(
    sidecar_process: SidecarStarter, nginx: Nginx, arguments: list[str]
) -> None:
    sidecar = sidecar_process(limited(nginx.address))
    said = await told(sidecar, *arguments)
    assert "rate_limits/once" in said
    assert nginx.address in said


async def test_over_the_network_only_the_token_opens(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    admin = {"bind": "127.0.0.1:0", "token": {"env": "ADMIN_TOKEN"}}
    text = limited(nginx.address, admin=admin)
    sidecar = sidecar_process(text, environment={"ADMIN_TOKEN": "kR9"})
    url = f"http://{sidecar.addresses['admin_port']}"
    assert "test is ready" in await told(sidecar, "status", "--url", url, "--token", "kR9")
    wrong = await asyncio.to_thread(
        command, sidecar, "override", "*", "--mode", "shadow", "--url", url, "--token", "kR"
    )
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("sidecar: send Authorization: Bearer TOKEN")
    by_token = ["override", "*", "--mode", "shadow", "--for", "9s", "--url", url, "--token", "kR9"]
    await told(sidecar, *by_token)
    line = json.loads((sidecar.state_dir / "audit.jsonl").read_text().splitlines()[0])
    assert (line["by"], line["details"]) == ("admin token", {"address": "127.0.0.1"})
