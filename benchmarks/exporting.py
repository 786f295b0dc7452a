"""What telling costs requests: no exporter, one in a process, one in a thread of the sidecar.

``python -m benchmarks.exporting [ROUNDS]``: every request keeps its trace, at full load (wrk).
The thread is not something that the sidecar can be told to use; it is made here, to be measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.paired import spread

VARIANTS = ("none", "process", "thread")
SECONDS = 6
CONNECTIONS = 8
PROBE_SECONDS = 0.002
ASK_SECONDS = 0.004
FOLDER = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it


def serve(variant: str, rules: str, state: str, out: str) -> None:
    """Be a sidecar of this variant, and write down how late its loop is."""
    from sidecar.cli import main as sidecar_main  # noqa: PLC0415 - in a process of its own
    from sidecar.export import attendance  # noqa: PLC0415
    from sidecar.export.child import Child  # noqa: PLC0415
    from sidecar.telemetry_room import TelemetryRoom  # noqa: PLC0415

    class InThread:
        """Takes the place of the process."""

        pid = 0

        def __init__(self, theirs: socket.socket) -> None:
            self._thread = threading.Thread(target=self._run, args=(theirs,), daemon=True)
            self._thread.start()

        def _run(self, theirs: socket.socket) -> None:
            with theirs:
                Child(theirs).run()

        def end(self, seconds: float) -> None:
            self._thread.join(seconds)

    lags: list[float] = []

    def probe(loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        lags.append(max(now - due, 0.0))
        loop.call_later(PROBE_SECONDS, probe, loop, now + PROBE_SECONDS)

    opened, closed = TelemetryRoom.open, TelemetryRoom.close

    async def opening(room: Any, *arguments: Any) -> None:
        await opened(room, *arguments)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lags.clear)
        probe(loop, loop.time())

    async def closing(room: Any, **options: Any) -> None:
        await asyncio.to_thread(Path(out).write_text, json.dumps(sorted(lags)))
        await closed(room, **options)

    if variant == "thread":
        setattr(attendance, "ExporterProcess", InThread)  # noqa: B010 - it is another type
    setattr(TelemetryRoom, "open", opening)  # noqa: B010 - the same
    setattr(TelemetryRoom, "close", closing)  # noqa: B010 - the same
    sys.argv = ["sidecar", "run", rules, "--state-dir", state]
    sidecar_main()


def measure(variant: str, folder: Path, upstream: int) -> dict[str, float]:
    """One variant under load."""
    port = _free_port()
    files = "" if variant == "none" else f"  files: {{folder: {folder}/told, at_most: 64MiB}}\n"
    rules = folder / "some.rules.yaml"
    rules.write_text(
        "format: sidecar/v1\nservice: bench\n"
        f"listeners: {{inbound: {{bind: 127.0.0.1:{port}, to: app}}}}\n"
        f"upstreams: {{app: {{url: http://127.0.0.1:{upstream}}}}}\n"
        f"telemetry:\n  logs: {{file: none}}\n  traces: {{sample: 100%}}\n{files}"
    )
    out = folder / "lags.json"
    command = [sys.executable, "-m", "benchmarks.exporting", "serve", variant, str(rules)]
    process = subprocess.Popen([*command, str(folder / "state"), str(out)])
    try:
        _wait_for(port)
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"http://127.0.0.1:{port}/"]
        subprocess.run([*wrk, "-d1"], check=True, capture_output=True)
        process.send_signal(signal.SIGUSR1)
        load = subprocess.Popen([*wrk, f"-d{SECONDS}"], stdout=subprocess.PIPE, text=True)
        waits = _ask(port, SECONDS - 0.5)
        told = load.communicate()[0]
        memory = _resident(process.pid)
        counted = _counted(folder / "state")
    finally:
        process.terminate()
        process.wait(30)
    lags = json.loads(out.read_text())
    rate = next(line.split()[1] for line in told.splitlines() if line.startswith("Requests/sec"))
    return {
        "requests_per_second": float(rate),
        "lag_p99_ms": _at(lags, 0.99) * 1e3,
        "lag_p999_ms": _at(lags, 0.999) * 1e3,
        "request_p50_ms": _at(waits, 0.5) * 1e3,
        "request_p99_ms": _at(waits, 0.99) * 1e3,
        "memory_mib": memory / 2**20,
        **counted,
    }


def _ask(port: int, seconds: float) -> list[float]:
    """How long answers take that are asked for by the clock, beside the load."""
    waits = []
    head = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            peer.sendall(head)
            peer.recv(65_536)
            waits.append(time.perf_counter() - began)
            time.sleep(max(ASK_SECONDS - waits[-1], 0.0))
    return sorted(waits)


def _counted(state: Path) -> dict[str, float]:
    """What the sidecar says of its exporter."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(state / "admin.sock"))
        peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        page = b""
        while data := peer.recv(1 << 20):
            page += data
    found = {"lost": 0.0, "sent": 0.0, "exporter_mib": 0.0}
    for line in page.decode().splitlines():
        value = float(line.rpartition(" ")[2]) if line.startswith("sidecar_telemetry_") else 0.0
        if line.startswith("sidecar_telemetry_dropped_total{"):
            found["lost"] += value
        elif line.startswith("sidecar_telemetry_sent_total{") and 'signal="traces"' in line:
            found["sent"] += value
        elif line.startswith("sidecar_telemetry_exporter_memory_bytes"):
            found["exporter_mib"] = value / 2**20
    return found


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {port}")


@contextlib.contextmanager
def _upstream(folder: Path) -> Any:
    port = _free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events {}\nhttp {access_log off; server {keepalive_requests 1000000; "
        f'listen 127.0.0.1:{port}; location / {{return 200 "{"x" * 200}";}}}}}}\n'
    )
    nginx = subprocess.Popen([shutil.which("nginx") or "nginx", "-c", str(folder / "nginx.conf")])
    try:
        _wait_for(port)
        yield port
    finally:
        nginx.terminate()
        nginx.wait()


def main(rounds: int) -> None:
    """Print the medians of all rounds."""
    found: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    root = Path(tempfile.mkdtemp(dir=FOLDER))
    try:
        with _upstream(root) as upstream:
            for number in range(rounds):
                for variant in VARIANTS if number % 2 else VARIANTS[::-1]:
                    folder = Path(tempfile.mkdtemp(dir=root))
                    found[variant].append(measure(variant, folder, upstream))
                    shutil.rmtree(folder)
    finally:
        shutil.rmtree(root)
    for name in found["none"][0]:
        cells = [spread(one[name] for one in found[variant]) for variant in VARIANTS]
        print(f"{name:22}", *(f"{cell.show(2) if cell else '-':>28}" for cell in cells))
    for variant in VARIANTS[1:]:
        pairs = zip(found[variant], found["none"], strict=True)
        more = spread(one["request_p99_ms"] - none["request_p99_ms"] for one, none in pairs)
        print(f"p99 of requests, {variant} minus none, ms: {more.show(2) if more else '-'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:6])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
