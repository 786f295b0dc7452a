from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from sidecar.admin import stream
from sidecar.admin.decisions import LISTENERS_AT_MOST, QUEUED
from tests.admin.running import Client, Running
from tests.telemetry.records import make_record


async def next_line(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next line that is not empty."""
    while True:
        line = await asyncio.wait_for(answer.content.readline(), 5.0)
        assert line, "the stream has ended"
        if line.strip():
            told: dict[str, Any] = json.loads(line)
            return told


async def test_decisions_are_told_as_they_fall(running: Running, admin: Client) -> None:
    async with admin.get("/v1/decisions/stream?status=429") as answer:
        assert answer.content_type == "application/x-ndjson"
        await answer.content.readline()
        running.inside.decisions.feed([make_record(), make_record(status=429)])
        assert (await next_line(answer))["status"] == 429
        running.inside.decisions.feed([make_record(status=429, route="pay")])
        assert (await next_line(answer))["route"] == "pay"


async def test_who_reads_slowly_is_told_what_was_lost(running: Running, admin: Client) -> None:
    async with admin.get("/v1/decisions/stream") as answer:
        await answer.content.readline()
        running.inside.decisions.feed([make_record()] * (QUEUED + 10))
        first = await next_line(answer)
        told = 0
        while not (told and answer.content.at_eof()) and told < stream._LINES_AT_ONCE:
            await next_line(answer)
            told += 1
        assert first == {"lost": QUEUED + 10 - stream._LINES_AT_ONCE}
        assert told == stream._LINES_AT_ONCE


async def test_a_listener_that_goes_is_forgotten(
    running: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(stream, "_PAUSE_SECONDS", 0.01)
    answer = await admin.get("/v1/decisions/stream")
    await answer.content.readline()
    assert len(running.inside.decisions._listeners) == 1
    answer.close()
    for _ in range(200):
        if not running.inside.decisions._listeners:
            break
        await asyncio.sleep(0.01)
    assert running.inside.decisions._listeners == []


async def test_only_so_many_may_listen(running: Running, admin: Client) -> None:
    for _ in range(LISTENERS_AT_MOST):
        assert running.inside.decisions.listen(lambda _: True) is not None
    answer = await admin.get("/v1/decisions/stream")
    assert answer.status == 503
    assert "listen already" in (await answer.json())["detail"]


async def test_it_ends_when_the_sidecar_does(
    running: Running, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_HEARTBEAT_SECONDS", 0.01)
    async with admin.get("/v1/decisions/stream") as answer:
        await answer.content.readline()
        running.inside.readiness.stage = "draining"
        assert await asyncio.wait_for(answer.content.read(), 5.0) is not None
