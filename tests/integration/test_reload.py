"""Rules change while requests run: every change shows, and none costs a request."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import about, eventually, metric
from tests.integration.clients.connection import ANSWER_SECONDS, Answer, Connection, ask, encoded
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

#: What one run of CI has time for, and what is left to `make soak`.
RELOADS = [30, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
#: Every tenth file is one that an admin got wrong.
BROKEN_EVERY = 10
LIMIT_PER_SECOND = 100
BURST = 10
SHOWS_WITHIN_SECONDS = 20.0
SECOND_HALF = b"and what came after it"
HALVES = b"what came before a reload, " + SECOND_HALF


def version_rules(app: Address, version: int) -> str:
    """Rules whose version shows in two places: the name of a rule, and the status it gives."""
    return rules(
        app,
        trust={"disclose": "rule"},
        access=[
            {
                "name": f"v-{version}",
                "match": {"path": "/version", "header": {"x-probe": "yes"}},
                "deny": {"client_ip": ["127.0.0.0/8"]},
                "status": 403 + version % 2,
            }
        ],
        rate_limits=[
            {
                "name": "steady",
                "match": {"path": "/small", "query": {"limited": "yes"}},
                "limit": f"{LIMIT_PER_SECOND}/s",
                "burst": BURST,
                "why": f"rewritten {version} times",
            }
        ],
    )


async def shown_version(connection: Connection) -> int:
    """Which version decides, as a client sees it."""
    answer = await connection.ask("/version", fields=[("x-probe", "yes")])
    version = int(json.loads(answer.body)["rule"].rpartition("v-")[2])
    assert answer.status == 403 + version % 2, "two versions in one decision"
    return version


@dataclass
class Probe:
    """Looks at the version all the time; it must never go back."""

    address: Address
    latest: int = 0
    seen: set[int] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> None:
        async with await Connection.open(self.address) as connection:
            while True:
                version = await shown_version(connection)
                assert version >= self.latest, f"{version} after {self.latest}"
                if version > self.latest:
                    self.latest = version
                    self.changed.set()
                self.seen.add(version)
                await asyncio.sleep(0.002)

    async def wait_for(self, version: int) -> None:
        async with asyncio.timeout(SHOWS_WITHIN_SECONDS):
            while self.latest < version:
                self.changed.clear()
                await self.changed.wait()


def failed_reloads(sidecar: SidecarProcess) -> int:
    failed: int = about(sidecar)["rules"]["failed_reloads"]
    return failed


def last_reload_failed(sidecar: SidecarProcess) -> bool:
    return bool(about(sidecar)["rules"]["last_reload_failed"])


async def break_once(sidecar: SidecarProcess, text: str) -> None:
    """Write a file with a mistake in it; returns once it was turned down."""
    before = await asyncio.to_thread(failed_reloads, sidecar)
    sidecar.write_rules(text.replace('"deny"', '"denny"'))
    await eventually(lambda: failed_reloads(sidecar) > before, "the mistake is turned down")


async def reload_again_and_again(
    sidecar: SidecarProcess, app: Address, probe: Probe, reloads: int
) -> None:
    for version in range(1, reloads + 1):
        text = version_rules(app, version)
        if version % BROKEN_EVERY == 0:
            await break_once(sidecar, text)
            assert probe.latest == version - 1
        else:
            sidecar.write_rules(text)
            await probe.wait_for(version)


@pytest.mark.slow
@pytest.mark.parametrize("reloads", RELOADS)
async def test_many_reloads_under_load(
    sidecar_process: SidecarStarter, nginx: Nginx, reloads: int
) -> None:
    sidecar = sidecar_process(version_rules(nginx.address, 0))
    crowd = Crowd(sidecar.address)
    crowd.add("kept", 4, get("/small", SMALL_BODY), keep_alive=True)
    crowd.add("fresh", 2, get("/small", SMALL_BODY), keep_alive=False)
    limited = crowd.add("limited", 4, get("/small?limited=yes"), keep_alive=True)
    probe = Probe(sidecar.address)
    began = time.monotonic()
    async with crowd.at_work(), asyncio.TaskGroup() as group:
        watch = group.create_task(probe.watch())
        await reload_again_and_again(sidecar, nginx.address, probe, reloads)
        watch.cancel()
    seconds = time.monotonic() - began

    assert crowd.failures == []
    assert set(crowd.notes["kept"].statuses) == set(crowd.notes["fresh"].statuses) == {200}
    assert crowd.notes["kept"].connections == 4, "a reload closes no connection"
    good = {version for version in range(1, reloads + 1) if version % BROKEN_EVERY}
    assert probe.seen - {0} == good

    # A reload refills nothing: were it so, a burst more for each would have got through.
    assert limited.statuses[200] <= LIMIT_PER_SECOND * seconds + BURST
    assert limited.statuses[200] >= LIMIT_PER_SECOND * seconds / 2
    assert set(limited.statuses) == {200, 429}
    assert limited.statuses[429] > len(good)

    def count(result: str) -> float:
        return metric(sidecar, "sidecar_rules_reloads_total", result=result)

    assert count("success") == len(good) + 1
    assert count("failure") == reloads // BROKEN_EVERY
    assert metric(sidecar, "sidecar_rules_last_reload_successful") == 0
    assert metric(sidecar, "sidecar_requests_in_flight") == 0


# --- what one reload does


async def wait_for_version(sidecar: SidecarProcess, version: int) -> None:
    async with await Connection.open(sidecar.address) as connection:

        async def shows() -> bool:
            return await shown_version(connection) == version

        await eventually(shows, f"version {version} decides")


@both_loops
async def test_a_mistake_is_said_with_its_place_and_mended_by_the_next_file(
    sidecar_process: SidecarStarter, nginx: Nginx, loop: Loop
) -> None:
    sidecar = sidecar_process(version_rules(nginx.address, 1), loop=loop)
    await break_once(sidecar, version_rules(nginx.address, 2))
    assert metric(sidecar, "sidecar_rules_last_reload_successful") == 0
    await eventually(lambda: "denny" in sidecar.log, "the mistake is said")
    await wait_for_version(sidecar, 1)
    sidecar.write_rules(version_rules(nginx.address, 2))
    await wait_for_version(sidecar, 2)
    assert metric(sidecar, "sidecar_rules_last_reload_successful") == 1


async def test_sighup_reads_the_file_though_nothing_has_changed(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(version_rules(nginx.address, 1))
    sidecar.process.send_signal(signal.SIGHUP)
    await eventually(lambda: about(sidecar)["rules"]["reloads"] == 2, "read again")
    await wait_for_version(sidecar, 1)


async def test_a_config_map_is_followed(sidecar_process: SidecarStarter, nginx: Nginx) -> None:
    """Kubernetes: the file leads to ``..data/NAME``, and ``..data`` is made to lead elsewhere."""
    sidecar = sidecar_process(version_rules(nginx.address, 1))
    folder = sidecar.rule_file.parent

    def publish(version: int) -> None:
        data = folder / f"..2026_{version}"
        data.mkdir()
        (data / sidecar.rule_file.name).write_text(version_rules(nginx.address, version))
        (folder / "..data_tmp").symlink_to(data.name)
        (folder / "..data_tmp").replace(folder / "..data")

    publish(2)
    sidecar.rule_file.unlink()
    sidecar.rule_file.symlink_to(Path("..data") / sidecar.rule_file.name)
    await wait_for_version(sidecar, 2)
    for version in (3, 4):
        publish(version)
        await wait_for_version(sidecar, version)


async def test_a_file_that_is_gone_for_a_while_changes_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(version_rules(nginx.address, 1))
    sidecar.rule_file.unlink()
    await eventually(lambda: last_reload_failed(sidecar), "the reload has failed")
    await wait_for_version(sidecar, 1)
    sidecar.write_rules(version_rules(nginx.address, 2))
    await wait_for_version(sidecar, 2)


async def test_a_request_keeps_the_rules_that_it_started_with(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    text = rules(nginx.address)
    sidecar = sidecar_process(text)
    async with await Connection.open(sidecar.address) as client:
        await client.send(
            b"PUT /store/kept HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10\r\n\r\n01234"
        )
        denied = [{"name": "all", "deny": {"client_ip": ["127.0.0.0/8"]}}]
        sidecar.write_rules(rules(nginx.address, access=denied))

        async def denies() -> bool:
            return (await ask(sidecar.address, "/small")).status == 403

        await eventually(denies, "the new rule denies")
        await client.send(b"56789")
        answer = await client.answer()
        assert answer.status in {201, 204}
        # The next one on the same connection is judged by the new rules.
        assert (await client.ask("/small")).status == 403
    assert nginx.stored("kept").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    "changed",
    [
        {"bind": "127.0.0.1:1"},
        {"service": "other"},
        {"telemetry": {"logs": {"file": "stdout"}}},
    ],
    ids=["bind", "service", "telemetry"],
)
async def test_what_needs_a_restart_is_turned_down_whole(
    sidecar_process: SidecarStarter, nginx: Nginx, changed: dict[str, Any]
) -> None:
    sidecar = sidecar_process(rules(nginx.address))
    denied = [{"name": "all", "deny": {"client_ip": ["127.0.0.0/8"]}}]
    sidecar.write_rules(rules(nginx.address, access=denied, **changed))
    await eventually(lambda: last_reload_failed(sidecar), "the reload has failed")
    await eventually(lambda: "needs-restart" in sidecar.log, "what cannot change is said")
    assert "--take-over" in sidecar.log
    answer: Answer = await ask(sidecar.address, "/small")
    assert (answer.status, answer.body) == (200, SMALL_BODY)


async def test_an_upstream_that_goes_with_a_reload_finishes_what_it_has(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    release = asyncio.Event()

    async def goes(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if not head.startswith(b"GET /halves"):
            writer.write(scripted.answer(b"from the one that goes"))
            return True
        # The test decides when the rest is sent: no buffer on the way can hold it already.
        writer.write(scripted.answer(HALVES)[: -len(SECOND_HALF)])
        await release.wait()
        writer.write(SECOND_HALF)
        return True

    async def goes_elsewhere() -> bool:
        return (await ask(sidecar.address, "/small")).body == SMALL_BODY

    async with scripted.upstream(goes) as address:
        sidecar = await asyncio.to_thread(sidecar_process, rules(address))
        async with await Connection.open(sidecar.address) as client:
            await client.send(encoded("/halves"))
            assert (await client.head())[0] == 200
            sidecar.write_rules(rules(nginx.address))
            await eventually(goes_elsewhere, "the other upstream is asked")
            release.set()
            async with asyncio.timeout(ANSWER_SECONDS):
                assert await client.reader.readexactly(len(HALVES)) == HALVES
            assert (await client.ask("/small")).body == SMALL_BODY, "on the same connection"
        await eventually(
            lambda: metric(sidecar, "sidecar_upstream_connections_open") == 1,
            "connections to the one that went are closed",
        )
