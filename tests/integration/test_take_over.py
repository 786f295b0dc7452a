"""``sidecar run --take-over``: the next process serves on, and no request is lost."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.clients.connection import Answer, Connection
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter

HAND_OVERS = 20
#: Both loops hand over to both.
LOOPS: tuple[Loop, ...] = ("uvloop", "uvloop", "asyncio", "asyncio")
DRAINED_SECONDS = 10.0
SLOW_BYTES = 70 * 1024


async def slow_upload(connection: Connection) -> Answer:
    """A body that comes in pieces, so that many a hand-over falls into it."""
    await connection.send(
        b"PUT /store/take-over HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 40\r\n\r\n"
    )
    for _ in range(4):
        await asyncio.sleep(0.05)
        await connection.send(b"0123456789")
    return await connection.answer()


async def hand_over(
    old: SidecarProcess, start: SidecarStarter, text: str, loop: Loop
) -> SidecarProcess:
    """Start a successor on the state directory of ``old``; returns when ``old`` has ended."""
    new = await asyncio.to_thread(
        start, text, loop=loop, arguments=["--take-over"], state_dir=old.state_dir
    )
    assert await asyncio.to_thread(old.process.wait, DRAINED_SECONDS) == 0
    return new


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_twenty_hand_overs_under_load_lose_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    nginx.add_file("slow", SLOW_BYTES)
    text = rules(nginx.address)
    sidecar = sidecar_process(text)
    address = sidecar.address
    crowd = Crowd(address)
    crowd.add("fresh", 6, get("/small", SMALL_BODY), keep_alive=False)
    crowd.add("kept", 6, get("/small", SMALL_BODY), keep_alive=True)
    crowd.add("slow answers", 2, get("/slow/slow", SLOW_BYTES), keep_alive=True)
    crowd.add("uploads", 2, slow_upload, keep_alive=True)
    async with crowd.at_work():
        for number in range(HAND_OVERS):
            loop = LOOPS[(number + 1) % len(LOOPS)]
            sidecar = await hand_over(sidecar, sidecar_process, text, loop)
            assert sidecar.address == address
    assert crowd.failures == []
    for sort, notes in crowd.notes.items():
        assert set(notes.statuses) <= {200, 201, 204}, f"{sort}: {notes.statuses}"
        assert notes.asked > HAND_OVERS, sort
    # Kept connections were moved by an answer that said so, once or less a hand-over.
    assert crowd.notes["kept"].connections <= 6 * (HAND_OVERS + 1)
