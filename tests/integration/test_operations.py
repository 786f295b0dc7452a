"""What operators meet: starts that fail, logs that cannot be written, scrapes, limits, traces."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import about, ask_admin, ask_at, eventually, is_ready, metric
from tests.integration.clients.connection import Connection, ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.integration.running import ended, run_to_exit, sidecar_command
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.ports import free_port, wait_until
from tests.servers.processes import Process
from tests.servers.prometheus import Prometheus, check_metrics
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

DROPPED = "sidecar_telemetry_dropped_total"
OPEN = "sidecar_downstream_connections_open"
REFUSED = "sidecar_downstream_connections_refused_total"


def logging_rules(app: str, file: str, **more: Any) -> str:
    return rules(app, telemetry={"logs": {"file": file}, **more})


def events(log: Path, name: str) -> list[dict[str, Any]]:
    """The events of this name in a log; every line must be whole."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["event_name"] == name]


# --- starts that fail


class TestStart:
    def test_port_in_use(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            bind = f"127.0.0.1:{taken.getsockname()[1]}"
            done = run_to_exit(tmp_path, rules(None, bind=bind), state_dir=tmp_path / "s")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"sidecar: cannot listen on {bind}: Address already in use\n"
        assert not list((tmp_path / "s").iterdir())

    def test_an_address_of_somebody_else(self, tmp_path: Path) -> None:
        text = rules(None, bind="192.0.2.1:8080")
        done = run_to_exit(tmp_path, text, state_dir=tmp_path / "s")
        assert done.returncode == 1
        assert done.stderr.startswith("sidecar: cannot listen on 192.0.2.1:8080: ")
        assert len(done.stderr.splitlines()) == 1

    def test_a_state_directory_with_a_name_too_long_for_a_socket(self, tmp_path: Path) -> None:
        done = run_to_exit(tmp_path, rules(None), state_dir=tmp_path / ("s" * 120))
        assert done.returncode == 1
        assert "admin.sock: the path has " in done.stderr
        assert "choose a shorter one, such as --state-dir" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_a_log_that_cannot_be_opened(self, tmp_path: Path) -> None:
        text = logging_rules("127.0.0.1:9", "no/such/folder/access.log")
        done = run_to_exit(tmp_path, text, state_dir=tmp_path / "s")
        assert done.returncode == 1
        assert "no/such/folder/access.log" in done.stderr
        assert "Traceback" not in done.stderr

    def test_two_on_one_state_directory(
        self, sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
    ) -> None:
        first = sidecar_process(rules(nginx.address))
        done = run_to_exit(tmp_path, rules(None), state_dir=first.state_dir)
        assert done.returncode == 1
        assert "somebody listens there already" in done.stderr
        assert is_ready(first)

    def test_broken_rules(self, tmp_path: Path) -> None:
        text = BROKEN_RULES
        done = run_to_exit(tmp_path, text, state_dir=tmp_path / "s")
        assert (done.returncode, done.stdout) == (2, "")
        first, *quoted = done.stderr.splitlines()
        assert first == (
            f"{tmp_path}/ends.rules.yaml:8:22: error bad-rate: '10/parsec' is not a rate"
        )
        assert quoted[0] == "    8 |   - {name: a, limit: 10/parsec}"
        assert quoted[1].startswith(" " * 6 + "|" + " " * 22 + "^" * 9 + " write a rate as")
        assert not (tmp_path / "s").exists(), "nothing was begun"

    @pytest.mark.parametrize("what", ["nothing", "folder"])
    def test_no_rules(self, tmp_path: Path, what: str) -> None:
        path = tmp_path if what == "folder" else tmp_path / "none.rules.yaml"
        said = {"folder": "Is a directory", "nothing": "No such file or directory"}[what]
        with Process("sidecar", sidecar_command(path), tmp_path / "log") as process:
            assert process.wait(20) == 2
        assert process.log == f"{path}:1:1: error no-file: cannot be read: {said}\n"


BROKEN_RULES = """format: sidecar/v1
service: test
listeners:
  inbound: {bind: 127.0.0.1:0, to: app}
upstreams:
  app: {url: "http://127.0.0.1:9"}
rate_limits:
  - {name: a, limit: 10/parsec}
"""


# --- logs


@both_loops
async def test_a_log_is_rotated_under_load_and_loses_nothing(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path, loop: Loop
) -> None:
    current = tmp_path / "access.log"
    sidecar = sidecar_process(logging_rules(nginx.address, str(current)), loop=loop)
    crowd = Crowd(sidecar.address)
    notes = crowd.add("kept", 4, get("/small", SMALL_BODY), keep_alive=True)
    rotated = [tmp_path / f"access.log.{number}" for number in range(3)]
    async with crowd.at_work():
        for name in rotated:
            asked = notes.asked
            await eventually(lambda asked=asked: notes.asked > asked + 20, "traffic")
            await eventually(
                lambda: bool(events(current, "sidecar.request")), "something is in the log"
            )
            current.rename(name)
            sidecar.process.send_signal(signal.SIGHUP)
            await eventually(current.exists, "a new log was begun")
    await eventually(lambda: about(sidecar)["rules"]["reloads"] == 4, "each hang-up was heard")
    assert sidecar.stop() == 0
    logged = [len(events(log, "sidecar.request")) for log in (*rotated, current)]
    assert crowd.failures == []
    assert sum(logged) == notes.asked
    assert all(logged[:3])
    assert current.stat().st_mode & 0o777 == 0o640
    # The hang-up reads the rules again as well.
    reloads = [event for log in (*rotated, current) for event in events(log, "sidecar.reload")]
    assert [event["severity"] for event in reloads] == ["INFO"] * 3
    assert len(events(current, "sidecar.stopped")) == 1


async def test_a_full_disk_costs_log_lines_and_no_request(
    sidecar_process: SidecarStarter, nginx: Nginx
) -> None:
    sidecar = sidecar_process(logging_rules(nginx.address, "/dev/full"))
    before = metric(sidecar, DROPPED, signal="logs", reason="disk_full")
    async with await Connection.open(sidecar.address) as connection:
        for _ in range(50):
            assert (await connection.ask("/small")).status == 200
    # The start itself is an event, which may have been counted or not.
    await eventually(
        lambda: metric(sidecar, DROPPED, signal="logs", reason="disk_full") >= before + 50,
        "every line is counted as lost",
    )
    assert metric(sidecar, DROPPED) <= 52
    assert sidecar.stop() == 0


@contextlib.contextmanager
def with_closed_stdout(folder: Path, text: str, state_dir: Path) -> Iterator[SidecarProcess]:
    """A sidecar whose standard output is a pipe that nobody reads any more."""
    rule_file = folder / "piped.rules.yaml"
    rule_file.write_text(text, encoding="utf-8")
    ours, its = os.pipe()
    become = "import os, sys; os.dup2(int(sys.argv[1]), 1); os.execv(sys.argv[2], sys.argv[2:])"
    command = [sys.executable, "-c", become, str(its), *sidecar_command(rule_file)]
    process = Process(
        "sidecar",
        command,
        folder / "piped.log",
        environment={"SIDECAR_STATE_DIR": str(state_dir)},
        pass_fds=[its],
    )
    os.close(its)
    with process:
        sidecar = SidecarProcess(process, rule_file, state_dir)
        announcement = state_dir / "addresses.json"
        process.wait_until_ready(announcement.exists, "ready")
        sidecar.addresses = json.loads(announcement.read_text(encoding="utf-8"))
        os.close(ours)
        yield sidecar


async def test_standard_output_that_nobody_reads_any_more(nginx: Nginx, tmp_path: Path) -> None:
    text = logging_rules(nginx.address, "stdout")
    with with_closed_stdout(tmp_path, text, tmp_path / "s") as sidecar:
        for _ in range(20):
            assert (await ask(sidecar.address, "/small")).status == 200
        await eventually(
            lambda: metric(sidecar, DROPPED, signal="logs", reason="broken_pipe") >= 20,
            "every line is counted as lost",
        )
        assert sidecar.stop() == 0
    assert "Traceback" not in sidecar.log


async def test_a_mistake_in_a_reload_is_in_the_log_with_its_line(
    sidecar_process: SidecarStarter, nginx: Nginx, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    text = logging_rules(nginx.address, str(log))
    sidecar = sidecar_process(text)
    version = about(sidecar)["rules"]["version"]
    broken = text.replace('"upstreams"', '"upstream"')
    line = next(n for n, one in enumerate(broken.splitlines(), 1) if '"upstream"' in one)
    sidecar.write_rules(broken)
    await eventually(lambda: bool(events(log, "sidecar.reload")), "the reload is in the log")
    [event] = events(log, "sidecar.reload")
    assert event["severity"] == "ERROR"
    assert event["sidecar.rules.version"] == version
    assert event["body"].startswith(f"the rules stay as they are: {sidecar.rule_file}:{line}:")
    told = about(sidecar)["rules"]
    assert (told["version"], told["last_reload_failed"]) == (version, True)
    assert (await ask(sidecar.address, "/small")).status == 200


# --- what is told on request


@both_loops
async def test_admin_socket(sidecar_process: SidecarStarter, nginx: Nginx, loop: Loop) -> None:
    sidecar = await asyncio.to_thread(sidecar_process, rules(nginx.address), loop=loop)
    assert await asyncio.to_thread(ask_admin, sidecar, "/readyz") == (200, b'{"ready":true}\n')
    assert await asyncio.to_thread(ask_admin, sidecar, "/livez") == (200, b'{"live":true}\n')
    assert (await asyncio.to_thread(ask_admin, sidecar, "/nothing"))[0] == 404
    told = await asyncio.to_thread(about, sidecar)
    assert told["service"] == "test"
    assert told["rules"]["version"]
    assert (sidecar.state_dir / "admin.sock").stat().st_mode & 0o777 == 0o600
    assert sidecar.state_dir.stat().st_mode & 0o077 == 0
    for target in ("/small", "/status/404", "/status/503"):
        await ask(sidecar.address, target)
    status, page = await asyncio.to_thread(ask_admin, sidecar, "/metrics")
    assert status == 200
    await asyncio.to_thread(check_metrics, page)


async def test_prometheus_agrees_with_whoever_asked(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    prometheus_scraping: Callable[..., Prometheus],
) -> None:
    text = rules(
        nginx.address,
        telemetry={"logs": {"file": "none"}, "prometheus": {"bind": "127.0.0.1:0"}},
        access=[{"name": "shut", "match": {"path": "/echo"}, "deny": {"client_ip": ["0.0.0.0/0"]}}],
    )
    sidecar = await asyncio.to_thread(sidecar_process, text)
    exporter = sidecar.addresses["prometheus"]
    prometheus = await asyncio.to_thread(prometheus_scraping, exporter)
    crowd = Crowd(sidecar.address)
    targets = ("/small", "/status/404", "/status/503", "/echo")
    sorts = [crowd.add(target, 2, get(target), keep_alive=True) for target in targets]
    async with crowd.at_work():
        await eventually(lambda: all(one.asked > 50 for one in sorts), "traffic")
    counted: Counter[int] = Counter()
    for notes in sorts:
        counted += notes.statuses
    assert crowd.failures == []
    assert set(counted) == {200, 403, 404, 503}

    def scraped() -> dict[int, float]:
        by_status = "sum by (http_response_status_code) "
        found = prometheus.query(f"{by_status}(http_server_request_duration_seconds_count)")
        return {int(labels["http_response_status_code"]): value for labels, value in found}

    await eventually(lambda: scraped() == counted, "Prometheus has counted as we have")
    refused = 'sidecar_decisions_total{rule="shut",outcome="refused"}'
    assert await asyncio.to_thread(prometheus.query, refused) != []
    [(_, refusals)] = await asyncio.to_thread(prometheus.query, refused)
    assert refusals == counted[403]
    # Only what a scraper and an orchestrator need is on the port.
    assert (await asyncio.to_thread(ask_at, exporter, "/readyz"))[0] == 200
    assert (await asyncio.to_thread(ask_at, exporter, "/version"))[0] == 404


# --- limits of connections


@both_loops
@pytest.mark.parametrize(
    "limit,reason",
    [
        ("connections", "too_many_connections"),
        ("connections_per_client", "too_many_connections_of_client"),
    ],
)
async def test_one_connection_too_many(
    sidecar_process: SidecarStarter, nginx: Nginx, loop: Loop, limit: str, reason: str
) -> None:
    text = rules(nginx.address, inbound={"limits": {limit: 3}})
    sidecar = await asyncio.to_thread(sidecar_process, text, loop=loop)
    await eventually(lambda: metric(sidecar, OPEN) == 0, "nobody is connected")
    async with contextlib.AsyncExitStack() as stack:
        held = [
            await stack.enter_async_context(await Connection.open(sidecar.address))
            for _ in range(3)
        ]
        for one in held:
            assert (await one.ask("/small")).status == 200
        async with await Connection.open(sidecar.address) as extra:
            answer = await extra.answer()
            assert (answer.status, answer.closes) == (503, True)
            assert json.loads(answer.body)["reason"] == reason
            assert await extra.end() == b""
        assert metric(sidecar, REFUSED, reason=reason) == 1
        assert (await held[1].ask("/small")).status == 200, "who was there first stays"
        await held[0].close()
        await eventually(lambda: metric(sidecar, OPEN) == 2, "there is room again")
        assert (await ask(sidecar.address, "/small")).body == SMALL_BODY
    await eventually(lambda: metric(sidecar, OPEN) == 0, "everybody has gone")


# --- where state is kept


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """A short path: that of a Unix socket has little more than 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="run-"))
    yield folder
    shutil.rmtree(folder)


def started_in(
    start: SidecarStarter, runtime_dir: Path, app: str, port: int, bind: str
) -> SidecarProcess:
    state_dir = runtime_dir / "governance-sidecar" / f"test-127.0.0.1_{port}"
    environment = {"XDG_RUNTIME_DIR": str(runtime_dir), "SIDECAR_STATE_DIR": ""}
    return start(rules(app, bind=bind), environment=environment, state_dir=state_dir)


def test_two_sidecars_of_one_service_do_not_meet(
    sidecar_process: SidecarStarter, nginx: Nginx, runtime_dir: Path
) -> None:
    ports = [free_port(), free_port()]
    one, two = (
        started_in(sidecar_process, runtime_dir, nginx.address, port, f"127.0.0.1:{port}")
        for port in ports
    )
    base = runtime_dir / "governance-sidecar"
    assert {path.name for path in base.iterdir()} == {f"test-127.0.0.1_{port}" for port in ports}
    for sidecar in (one, two):
        assert is_ready(sidecar)
        assert (sidecar.state_dir / "pid").read_text() == str(sidecar.pid)
        assert {path.name for path in sidecar.state_dir.iterdir()} == {
            "addresses.json",
            "admin.sock",
            "control.sock",
            "pid",
        }
    assert one.stop() == 0
    assert is_ready(two)
    assert [path.name for path in base.iterdir()] == [two.state_dir.name]
    assert two.stop() == 0
    assert not list(base.iterdir()), "nothing is left behind"


async def test_what_a_killed_one_leaves_is_in_nobodys_way(
    sidecar_process: SidecarStarter, nginx: Nginx, runtime_dir: Path
) -> None:
    port = free_port()
    bind = f"127.0.0.1:{port}"
    first = started_in(sidecar_process, runtime_dir, nginx.address, port, bind)
    first.process.kill()
    assert (first.state_dir / "admin.sock").exists()
    second = started_in(sidecar_process, runtime_dir, nginx.address, port, bind)
    wait_until(lambda: is_ready(second), "ready")
    assert (await ask(second.address, "/small")).status == 200
    second.process.send_signal(signal.SIGTERM)
    assert await ended(second) == 0
    assert not second.state_dir.exists()
