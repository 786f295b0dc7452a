"""``sidecar run RULES -- COMMAND``: around a service that was not changed for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import ask_admin, ask_at, eventually, metric
from tests.integration.clients.connection import Connection
from tests.servers.ports import Address, free_port, is_listening
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

SERVICE = ["--", sys.executable, str(Path(__file__).with_name("wrapped_service.py"))]
_PATIENCE = 30.0
#: Whether what the service logs is shipped, so that its output takes another way.
both_ways = pytest.mark.parametrize("shipped", [False, True], ids=["straight", "shipped"])


def text(
    inventory: Address = "127.0.0.1:9", *, inbound: str = "127.0.0.1:0", shipped: bool = False
) -> str:
    """Rules of a service that has no port yet, and calls an inventory."""
    return json.dumps({
        "format": "sidecar/v1",
        "service": "order",
        "listeners": {"inbound": {"bind": inbound}, "outbound": {"bind": "127.0.0.1:0"}},
        "upstreams": {
            "app": {"url": "http://127.0.0.1:0"},
            "inventory": {"targets": [inventory], "hosts": ["inventory.shop.svc"]},
        },
        "telemetry": {"logs": {"application": shipped}},
    })  # fmt: skip


class Inventory:
    """Says who asked for what, by which host."""

    async def __call__(
        self, head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        lines = head.decode().split("\r\n")
        (host,) = (line for line in lines if line.lower().startswith("host:"))
        writer.write(scripted.answer(f"{lines[0]} | {host}".encode()))
        return True


@contextlib.asynccontextmanager
async def around(
    start: SidecarStarter, loop: Loop = "uvloop", **environment: str
) -> AsyncIterator[SidecarProcess]:
    """A sidecar around the service, with an inventory to call."""
    async with scripted.upstream(Inventory()) as address:
        yield await asyncio.to_thread(
            start, text(address), loop=loop, arguments=SERVICE, environment=environment
        )


@contextlib.contextmanager
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
        yield Path(folder)


def run(
    folder: Path, *command: str, rules: str = "", options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a sidecar around something that ends by itself, or does not begin."""
    file = folder / "rules.yaml"
    file.write_text(rules or text())
    with state() as place:
        return subprocess.run(
            [sys.executable, "-m", "sidecar", "run", str(file), *options,
             "--state-dir", str(place), "--", *command],
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip


@both_loops
async def test_it_calls_by_the_host_it_has_always_had_and_by_url(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    async with around(sidecar_process, loop) as sidecar:
        by_proxy = await asyncio.to_thread(ask_at, sidecar.address, "/by-proxy")
        assert by_proxy == (200, b"200 GET /stock HTTP/1.1 | Host: inventory.shop.svc")
        by_url = await asyncio.to_thread(ask_at, sidecar.address, "/by-url")
        assert by_url == (200, b"200 GET /stock HTTP/1.1 | Host: inventory.shop.svc")
        calls = await asyncio.to_thread(
            metric, sidecar, "http_server_request_duration_seconds_count",
            listener="outbound",
        )  # fmt: skip
        assert calls == 2
        assert {*sidecar.addresses} == {"inbound", "outbound", "local/inventory", "admin"}
        assert await asyncio.to_thread(sidecar.stop) == 0
    assert "told to stop" in sidecar.log


async def test_what_the_service_is_told(sidecar_process: SidecarStarter) -> None:
    async with around(sidecar_process, NO_PROXY="metrics.svc") as sidecar:
        _, body = await asyncio.to_thread(ask_at, sidecar.address, "/environment")
    told = json.loads(body)
    assert told["HTTP_PROXY"] == told["http_proxy"] == f"http://{sidecar.addresses['outbound']}"
    assert told["NO_PROXY"] == told["no_proxy"] == "metrics.svc,localhost,127.0.0.1,::1"
    assert told["INVENTORY_URL"] == f"http://{sidecar.addresses['local/inventory']}"
    assert told["PORT"].isdigit()
    assert "HTTPS_PROXY" not in told


async def test_requests_wait_until_it_is_there(sidecar_process: SidecarStarter) -> None:
    port = free_port()
    rules = text(inbound=f"127.0.0.1:{port}")
    with state() as place:
        starting = asyncio.create_task(
            asyncio.to_thread(
                sidecar_process, rules, arguments=SERVICE, state_dir=place,
                environment={"START_AFTER": "1"},
            )
        )  # fmt: skip
        await eventually(lambda: is_listening(f"127.0.0.1:{port}"), "it listens")
        asked = time.monotonic()
        status, body = await asyncio.to_thread(ask_at, f"unix:{place / 'admin.sock'}", "/readyz")
        assert (status, b"starting" in body) == (503, True)
        status, _ = await asyncio.to_thread(ask_at, f"127.0.0.1:{port}", "/environment")
        assert status == 200
        assert time.monotonic() - asked > 0.3
        sidecar = await starting
        assert (await asyncio.to_thread(ask_admin, sidecar, "/readyz"))[0] == 200
        assert await asyncio.to_thread(sidecar.stop) == 0


@both_loops
async def test_while_it_finishes_it_can_still_call(
    sidecar_process: SidecarStarter, loop: Loop
) -> None:
    async with (
        around(sidecar_process, loop) as sidecar,
        await Connection.open(sidecar.address) as client,
    ):
        await client.send(b"GET /late?after=1.5 HTTP/1.1\r\nHost: shop\r\n\r\n")
        await eventually(lambda: "late: begun" in sidecar.log, "it has begun")
        sidecar.process.send_signal(signal.SIGTERM)
        await eventually(lambda: not is_listening(sidecar.address), "nobody new is let in")
        assert "told to stop" not in sidecar.log
        answer = await client.answer()
        assert (answer.status, answer.body[:4]) == (200, b"200 ")
        assert await asyncio.to_thread(sidecar.process.wait) == 0


async def test_signals_that_are_not_ours_are_passed_on(sidecar_process: SidecarStarter) -> None:
    async with around(sidecar_process) as sidecar:
        sidecar.process.send_signal(signal.SIGUSR1)
        await eventually(lambda: "usr1" in sidecar.log, "the service has got it")
        # This one is ours.
        sidecar.process.send_signal(signal.SIGHUP)
        await eventually(lambda: "new rules are in force" in sidecar.log, "they were read")
        assert (await asyncio.to_thread(ask_at, sidecar.address, "/environment"))[0] == 200


@pytest.mark.parametrize(
    "script, status, said",
    [
        ("pass", 0, "ended with status 0 after"),
        ("raise SystemExit(3)", 3, "ended with status 3 after"),
        ("import os; os.kill(os.getpid(), 9)", 137, "ended by signal 9 after"),
    ],
)
def test_who_ends_by_itself_ends_the_sidecar_with_its_status(
    script: str, status: int, said: str, tmp_path: Path
) -> None:
    done = run(tmp_path, sys.executable, "-c", script)
    assert done.returncode == status
    assert re.search(rf"^sidecar: \S*python\S* {said}", done.stderr, re.MULTILINE), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command, status", [("no-such-command-anywhere", 127), ("/etc/passwd", 126)]
)
def test_what_cannot_be_run_is_said_as_a_shell_does(
    command: str, status: int, tmp_path: Path
) -> None:
    done = run(tmp_path, command)
    assert done.returncode == status
    assert f"sidecar: cannot run {command}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_to_be_chosen_needs_somebody_to_be_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text())
    with state() as place:
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", "run", str(file), "--state-dir", str(place)],
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "sidecar run FILE -- COMMAND" in done.stderr


@both_ways
def test_its_output_passes_through_and_the_log_is_elsewhere(
    tmp_path: Path, *, shipped: bool
) -> None:
    script = "import sys; sys.stdout.write('a\\0b'); sys.exit(0)"
    done = run(tmp_path, sys.executable, "-c", script, rules=text(shipped=shipped))
    assert done.stdout == "a\0b"
    logged = [line for line in done.stderr.splitlines() if line.startswith("{")]
    assert {json.loads(line)["event_name"] for line in logged} >= {"sidecar.service"}


def test_a_log_that_was_asked_for_on_standard_output_is_there(tmp_path: Path) -> None:
    rules = json.loads(text())
    rules["telemetry"] = {"logs": {"file": "stdout"}}
    done = run(tmp_path, sys.executable, "-c", "pass", rules=json.dumps(rules))
    assert '"sidecar.service"' in done.stdout


def test_who_does_not_obey_is_killed_with_all_it_started(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    told = tmp_path / "pids"
    script = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {deaf!r}])
open({str(told)!r}, "w").write(f"{{os.getppid()}} {{os.getpid()}} {{child.pid}}")
{deaf}
"""
    options = ("--stop-after", "0.5")
    with state():

        def stop() -> None:
            while not told.exists() or len(told.read_text().split()) < 3:
                time.sleep(0.02)
            time.sleep(0.3)
            os.kill(int(told.read_text().split()[0]), signal.SIGTERM)

        helper = threading.Thread(target=stop)
        helper.start()
        done = run(tmp_path, sys.executable, "-c", script, options=options)
        helper.join()
    assert done.returncode == 137
    assert "did not end within 0.5s and was killed" in done.stderr
    for pid in told.read_text().split()[1:]:
        assert not _runs(int(pid))


def test_everything_can_be_said_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text())
    with state() as place:
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", "run"],
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
            env={**os.environ, "SIDECAR_RULES": str(file), "SIDECAR_STATE_DIR": str(place),
                 "SIDECAR_LOOP": "asyncio", "SIDECAR_DRAIN": "1", "SIDECAR_STOP_AFTER": "1",
                 "SIDECAR_COMMAND": f"{sys.executable} -c 'raise SystemExit(9)'"},
        )  # fmt: skip
    assert done.returncode == 9, done.stderr


@both_ways
def test_an_interrupt_at_a_terminal_reaches_both_once(tmp_path: Path, *, shipped: bool) -> None:
    told = tmp_path / "told"
    script = f"""
import signal, time
def note(number, _):
    with open({str(told)!r}, "a") as file:
        file.write(f"{{number}} ")
    if number == signal.SIGINT:
        time.sleep(0.5)
        raise SystemExit(5)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
open({str(told)!r}, "w").close()
time.sleep(60)
"""
    file = tmp_path / "rules.yaml"
    file.write_text(text(shipped=shipped))
    with state() as place:
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(  # noqa: S606 - as a terminal does
                sys.executable,
                [sys.executable, "-m", "sidecar", "run", str(file), "--state-dir", str(place),
                 "--", sys.executable, "-c", script],
            )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.write(terminal, b"\x03")
        said = b""
        with contextlib.suppress(OSError):
            while data := os.read(terminal, 4096):
                said += data
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 5, said
    assert told.read_text().split()[0] == str(int(signal.SIGINT))
    assert told.read_text().split().count(str(int(signal.SIGINT))) == 1


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
