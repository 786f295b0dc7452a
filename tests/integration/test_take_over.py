"""``sidecar run --take-over``: the next process serves on, and no request is lost."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration import scripted
from tests.integration.clients.connection import Answer, Connection
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter

HAND_OVERS = 20
#: Both loops hand over to both.
LOOPS: tuple[Loop, ...] = ("uvloop", "uvloop", "asyncio", "asyncio")
DRAINED_SECONDS = 10.0
SLOW_BODY = b"first half, second half"


async def slow_upload(connection: Connection) -> Answer:
    """A body that comes in pieces, so that many a hand-over falls into it."""
    await connection.send(
        b"PUT /store/take-over HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 40\r\n\r\n"
    )
    for _ in range(4):
        await asyncio.sleep(0.05)
        await connection.send(b"0123456789")
    return await connection.answer()


async def slow_answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Half of an answer, and after a while the other."""
    whole = scripted.answer(SLOW_BODY)
    writer.write(whole[:-12])
    await asyncio.sleep(0.2)
    writer.write(whole[-12:])
    return True


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
    async with scripted.upstream(slow_answer) as slow:
        text = rules(
            nginx.address,
            upstreams={"app": {"targets": [nginx.address]}, "slow": {"targets": [slow]}},
            routes=[{"name": "slow", "match": {"path": "/slow"}, "upstream": "slow"}],
        )
        crowd = await hand_over_under_load(sidecar_process, text)
    assert crowd.failures == []
    for sort, notes in crowd.notes.items():
        assert set(notes.statuses) <= {200, 201, 204}, f"{sort}: {notes.statuses}"
        assert notes.asked > HAND_OVERS, sort
    # Kept connections were moved by an answer that said so, at most once a hand-over.
    assert crowd.notes["kept"].connections <= 6 * (HAND_OVERS + 1)


async def hand_over_under_load(start: SidecarStarter, text: str) -> Crowd:
    """Twenty hand-overs; returns what the clients met."""
    sidecar = await asyncio.to_thread(start, text)
    address = sidecar.address
    crowd = Crowd(address)
    crowd.add("fresh", 6, get("/small", SMALL_BODY), keep_alive=False)
    crowd.add("kept", 6, get("/small", SMALL_BODY), keep_alive=True)
    crowd.add("slow answers", 2, get("/slow", SLOW_BODY), keep_alive=True)
    crowd.add("uploads", 2, slow_upload, keep_alive=True)
    async with crowd.at_work():
        for number in range(HAND_OVERS):
            loop = LOOPS[(number + 1) % len(LOOPS)]
            sidecar = await hand_over(sidecar, start, text, loop)
            assert sidecar.address == address
    return crowd
