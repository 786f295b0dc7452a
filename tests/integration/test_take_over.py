"""``sidecar run --take-over``: the next process serves on, and no request is lost."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import about, ask_at, eventually, is_ready
from tests.integration.clients.connection import Answer, Connection, ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.integration.running import (
    as_systemd_starts_it,
    ended,
    run_to_exit,
    sidecar_command,
    take_over,
)
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.ports import free_port, is_listening
from tests.servers.processes import Process
from tests.servers.sidecar import Loop, SidecarStarter, both_loops

#: Twice from each loop to each; and what is left to `make soak`.
HAND_OVERS = [8, pytest.param(40, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
#: Both loops hand over to both.
LOOPS: tuple[Loop, ...] = ("uvloop", "uvloop", "asyncio", "asyncio")
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


@pytest.mark.slow
@pytest.mark.parametrize("hand_overs", HAND_OVERS)
async def test_hand_overs_under_load_lose_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx, hand_overs: int
) -> None:
    async with scripted.upstream(slow_answer) as slow:
        text = rules(
            nginx.address,
            upstreams={"app": {"targets": [nginx.address]}, "slow": {"targets": [slow]}},
            routes=[{"name": "slow", "match": {"path": "/slow"}, "upstream": "slow"}],
        )
        crowd = await hand_over_under_load(sidecar_process, text, hand_overs)
    assert crowd.failures == []
    for sort, notes in crowd.notes.items():
        assert set(notes.statuses) <= {200, 201, 204}, f"{sort}: {notes.statuses}"
        assert notes.asked > hand_overs, sort
    # Kept connections were moved by an answer that said so, at most once a hand-over.
    assert crowd.notes["kept"].connections <= 6 * (hand_overs + 1)


async def hand_over_under_load(start: SidecarStarter, text: str, hand_overs: int) -> Crowd:
    """So many hand-overs; returns what the clients met."""
    sidecar = await asyncio.to_thread(start, text)
    address = sidecar.address
    crowd = Crowd(address)
    crowd.add("fresh", 6, get("/small", SMALL_BODY), keep_alive=False)
    crowd.add("kept", 6, get("/small", SMALL_BODY), keep_alive=True)
    crowd.add("slow answers", 2, get("/slow", SLOW_BODY), keep_alive=True)
    crowd.add("uploads", 2, slow_upload, keep_alive=True)
    async with crowd.at_work():
        for number in range(hand_overs):
            loop = LOOPS[(number + 1) % len(LOOPS)]
            new = await take_over(sidecar, start, text, loop)
            assert await ended(sidecar) == 0
            assert new.address == address
            sidecar = new
    return crowd


# --- a successor that does not make it


async def test_a_successor_with_a_broken_rule_file_changes_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    sidecar = sidecar_process(rules(nginx.address))
    done = run_to_exit(
        tmp_path,
        rules(nginx.address).replace('"upstreams"', '"upstraems"'),
        "--take-over",
        state_dir=sidecar.state_dir,
    )
    assert done.returncode == 2
    assert "upstraems" in done.stderr
    assert (await ask(sidecar.address, "/small")).body == SMALL_BODY
    assert sidecar.process.exit_status is None
    assert is_ready(sidecar)


async def test_a_successor_that_cannot_start_changes_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    sidecar = sidecar_process(rules(nginx.address))
    tls = {"cert": "no-such.pem", "key": "no-such-key.pem"}
    broken = rules(nginx.address, inbound={"tls": tls})
    done = run_to_exit(tmp_path, broken, "--take-over", state_dir=sidecar.state_dir)
    assert done.returncode == 1
    assert "certificate" in done.stderr
    assert "Traceback" not in done.stderr
    assert (await ask(sidecar.address, "/small")).body == SMALL_BODY
    new = await take_over(sidecar, sidecar_process, rules(nginx.address))
    assert await ended(sidecar) == 0
    assert (await ask(new.address, "/small")).body == SMALL_BODY


async def test_a_successor_that_dies_with_the_sockets_in_hand_changes_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(rules(nginx.address))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(5)
        control.connect(str(sidecar.state_dir / "control.sock"))
        control.sendall(b"take-over\n")
        names, descriptors, _, _ = socket.recv_fds(control, 4096, 16)
        assert {"inbound", "admin", "control"} <= set(json.loads(names))
        for descriptor in descriptors:
            os.close(descriptor)
    assert (await ask(sidecar.address, "/small")).body == SMALL_BODY
    assert sidecar.process.exit_status is None
    new = await take_over(sidecar, sidecar_process, rules(nginx.address))
    assert await ended(sidecar) == 0
    assert (await ask(new.address, "/small")).body == SMALL_BODY


async def test_with_nothing_to_take_over_it_starts_afresh(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(rules(nginx.address), arguments=["--take-over"])
    assert (await ask(sidecar.address, "/small")).body == SMALL_BODY


async def test_a_predecessor_that_was_killed_leaves_nothing_in_the_way(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    text = rules(nginx.address, bind=f"127.0.0.1:{free_port()}")
    killed = sidecar_process(text)
    killed.process.kill()
    new = sidecar_process(text, arguments=["--take-over"], state_dir=killed.state_dir)
    assert (await ask(new.address, "/small")).body == SMALL_BODY
    assert is_ready(new)


async def test_told_to_stop_while_it_takes_over_it_is_not_ready(tmp_path: Path) -> None:
    """The test is the one before it, and holds it up at the moment in which it would be ready."""
    release, begun = asyncio.Event(), asyncio.Event()

    async def script(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        return await slow_answer_until(release, begun, writer)

    loop = asyncio.get_running_loop()
    state = Path(tempfile.mkdtemp(prefix="sidecar-"))
    async with scripted.upstream(script) as app:
        with (
            listening(socket.AF_INET, ("127.0.0.1", 0)) as inbound,
            listening(socket.AF_UNIX, str(state / "control.sock")) as control,
        ):
            address = f"127.0.0.1:{inbound.getsockname()[1]}"
            rule_file = tmp_path / "new.rules.yaml"
            rule_file.write_text(rules(app, bind=address), encoding="utf-8")
            command = sidecar_command(rule_file, "--take-over", "--state-dir", str(state))
            control.setblocking(False)
            with Process("sidecar", command, tmp_path / "new.log") as new:
                asker, _ = await loop.sock_accept(control)
                with asker:
                    assert await loop.sock_recv(asker, 100) == b"take-over\n"
                    given = [inbound.fileno(), control.fileno()]
                    socket.send_fds(asker, [b'["inbound", "control"]'], given)
                    assert await loop.sock_recv(asker, 100) == b"ready\n"
                    async with await Connection.open(address) as client:
                        slow = asyncio.ensure_future(client.ask("/slow"))
                        await begun.wait()
                        new.send_signal(signal.SIGTERM)
                        admin = f"unix:{state / 'admin.sock'}"

                        def says() -> tuple[int, bytes]:
                            return ask_at(admin, "/readyz")

                        await eventually(lambda: b"draining" in says()[1], "it is told to stop")
                        await loop.sock_sendall(asker, b"draining\n")
                        await eventually((state / "pid").exists, "it has taken over")
                        status, said = await asyncio.to_thread(says)
                        assert (status, b"draining" in said) == (503, True)
                        release.set()
                        assert (await slow).body == SLOW_BODY
                assert await asyncio.to_thread(new.wait, 10.0) == 0
    shutil.rmtree(state)


# --- everything that listens is handed over


@both_loops
async def test_a_unix_socket_is_handed_over(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path, loop: Loop
) -> None:
    text = rules(nginx.address, bind=f"unix:{tmp_path / 'in.sock'}")
    old = sidecar_process(text, loop=loop)
    crowd = Crowd(old.address)
    crowd.add("fresh", 2, get("/small", SMALL_BODY), keep_alive=False)
    crowd.add("kept", 2, get("/small", SMALL_BODY), keep_alive=True)
    async with crowd.at_work():
        for _ in range(2):
            new = await take_over(old, sidecar_process, text, loop)
            assert await ended(old) == 0
            old = new
    assert crowd.failures == []
    assert (await ask(f"unix:{tmp_path / 'in.sock'}", "/small")).body == SMALL_BODY
    assert old.stop() == 0
    assert not (tmp_path / "in.sock").exists()


async def slow_answer_until(
    release: asyncio.Event, begun: asyncio.Event, writer: asyncio.StreamWriter
) -> bool:
    whole = scripted.answer(SLOW_BODY)
    writer.write(whole[:-12])
    begun.set()
    await release.wait()
    writer.write(whole[-12:])
    return True


@both_loops
async def test_while_the_old_one_drains_only_the_new_one_speaks_for_the_service(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    release, begun = asyncio.Event(), asyncio.Event()

    async def script(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        return await slow_answer_until(release, begun, writer)

    async with scripted.upstream(script) as app:
        telemetry = {"logs": {"file": "none"}, "prometheus": {"bind": "127.0.0.1:0"}}
        text = rules(app, telemetry=telemetry)
        old = await asyncio.to_thread(sidecar_process, text, loop=loop)
        exporter = old.addresses["prometheus"]
        async with await Connection.open(old.address) as client, asyncio.TaskGroup() as group:
            slow = group.create_task(client.ask("/slow"))
            await begun.wait()
            new = await take_over(old, sidecar_process, text, loop)
            assert new.addresses["prometheus"] == exporter
            for _ in range(20):
                status, said = await asyncio.to_thread(ask_at, exporter, "/readyz")
                assert (status, said) == (200, b'{"ready":true}\n')
                assert await asyncio.to_thread(is_ready, new)
            assert old.process.exit_status is None
            release.set()
        assert (slow.result().status, slow.result().body) == (200, SLOW_BODY)
        assert await ended(old) == 0
        assert (await asyncio.to_thread(ask_at, exporter, "/metrics"))[0] == 200


async def test_what_the_new_rules_no_longer_want_is_not_served(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    telemetry = {"logs": {"file": "none"}, "prometheus": {"bind": "127.0.0.1:0"}}
    old = sidecar_process(rules(nginx.address, telemetry=telemetry))
    exporter = old.addresses["prometheus"]
    new = await take_over(old, sidecar_process, rules(nginx.address))
    assert await ended(old) == 0
    assert "prometheus" not in new.addresses
    assert not is_listening(exporter)


async def test_another_address_takes_effect_by_a_hand_over(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.sock", f"127.0.0.1:{free_port()}"
    old = sidecar_process(rules(nginx.address, bind=f"unix:{first}"))
    new = await take_over(old, sidecar_process, rules(nginx.address, bind=second))
    assert await ended(old) == 0
    assert new.address == second
    assert (await ask(second, "/small")).body == SMALL_BODY
    assert not first.exists()


# --- systemd


def listening(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind(address)
    sock.listen(64)
    return sock


async def test_sockets_passed_by_systemd_are_served(nginx: Nginx, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with (
        listening(socket.AF_INET, ("127.0.0.1", 0)) as inbound,
        listening(socket.AF_INET, ("127.0.0.1", 0)) as exporter,
    ):
        # Somebody connects before the sidecar is there: nobody is refused.
        address = f"127.0.0.1:{inbound.getsockname()[1]}"
        async with await Connection.open(address) as early:
            telemetry = {"logs": {"file": "none"}, "prometheus": {"bind": "127.0.0.1:0"}}
            text = rules(nginx.address, telemetry=telemetry)
            given = {"inbound": inbound.fileno(), "prometheus": exporter.fileno()}
            with as_systemd_starts_it(tmp_path, text, given, folder) as sidecar:
                assert sidecar.address == address
                assert (await early.ask("/small")).body == SMALL_BODY
                assert (await ask(address, "/small")).body == SMALL_BODY
                port = exporter.getsockname()[1]
                assert ask_at(f"127.0.0.1:{port}", "/metrics")[0] == 200
                assert about(sidecar)["service"] == "test"
                assert sidecar.stop() == 0
        # systemd keeps listening for the next start.
        assert is_listening(address)


async def test_a_unix_socket_of_systemd_stays_when_the_sidecar_goes(
    nginx: Nginx, tmp_path: Path
) -> None:
    path = tmp_path / "in.sock"
    with listening(socket.AF_UNIX, str(path)) as inbound:
        # A unit that does not say FileDescriptorName= passes its own name.
        given = {"shop-sidecar.socket": inbound.fileno()}
        text = rules(nginx.address, bind=f"unix:{path}")
        with as_systemd_starts_it(tmp_path, text, given, tmp_path / "s") as sidecar:
            assert (await ask(f"unix:{path}", "/small")).body == SMALL_BODY
            assert sidecar.stop() == 0
        assert is_listening(f"unix:{path}")
