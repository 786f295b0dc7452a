"""The two load generators: as fast as it goes (wrk), and at a fixed rate (h2load)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import programs

LUA = Path(__file__).parent / "load_scripts" / "load.lua"
_IDENTITY = (
    "a3f1c09e5d7b42868f0e6c1d94b27a5380d1f6ce497ab2185c30e9d7416fb8a255e07c9318d4f6b2a09c7e5d1b8"
)
#: What a service's client sends; about 330 bytes with the request line and Host.
HEADERS: tuple[tuple[str, str], ...] = (
    ("User-Agent", "checkout-service/2.41.0 (linux)"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Authorization", f"Bearer {_IDENTITY}"),
    ("X-Tenant", "tenant-00001"),
)
#: At a fixed rate the first part of a run meets cold connections and is not counted.
COLD_SHARE = 0.1
STAGGER_SECONDS = 0.001
#: Less of the asked rate than this, and requests were held back instead of being sent late.
RATE_KEPT_SHARE = 0.97


class LoadError(Exception):
    """A run in which a request failed or was answered with anything but 2xx."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run did."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    #: Requests per second that were asked for; 0 where each waits for the last.
    offered: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def kept(self) -> bool:
        """Whether the asked rate was sent; if not, latencies say too little about waiting."""
        return self.rate >= self.offered * RATE_KEPT_SHARE


class Generator:
    """Runs load generators on the cores that are theirs."""

    def __init__(self, cores: Iterable[int], scratch: Path) -> None:
        self._cores = frozenset(cores)
        self._log = scratch / "latencies.tsv"

    def closed(
        self, port: int, path: str, *, connections: int, seconds: int, mode: Sequence[str]
    ) -> Load:
        """Each connection sends its next request when it has the answer to the last.

        Raises :class:`LoadError` if a single request went wrong.
        """
        said = self._run(
            [
                programs.find("wrk"),
                "--threads=1",
                f"--connections={connections}",
                f"--duration={seconds}s",
                "--timeout=10s",
                "--latency",
                f"--script={LUA}",
                *_header_options("-H"),
                f"http://127.0.0.1:{port}{path}",
                "--",
                *mode,
            ],
            seconds + 30,
        )
        return read_wrk(said)

    def paced(self, port: int, path: str, *, rate: int, seconds: float, connections: int) -> Load:
        """Requests are sent by the clock, whether or not the last was answered.

        Raises :class:`LoadError` if a single request went wrong.
        """
        each = max(1, round(rate / connections))
        count = round(each * seconds) * connections
        self._log.unlink(missing_ok=True)
        self._run(
            [
                programs.find("h2load"),
                "--h1",
                "--threads=1",
                f"--clients={connections}",
                # One client after the other: their clocks must not tick together.
                "--rate=1",
                f"--rate-period={STAGGER_SECONDS * 1e3:.0f}ms",
                f"--rps={each}",
                f"--requests={count}",
                f"--log-file={self._log}",
                *_header_options("-H"),
                f"http://127.0.0.1:{port}{path}",
            ],
            seconds * 4 + 30,
        )
        return read_latencies(self._log.read_text(encoding="ascii"), count, each, connections)

    def _run(self, command: list[str], within: float) -> str:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self._cores)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=within
            )
        finally:
            os.sched_setaffinity(0, before)
        if done.returncode:
            message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-500:]}"
            raise LoadError(message)
        return done.stdout


def read_wrk(said: str) -> Load:
    """Read the line that the script printed.

    Raises :class:`LoadError` if it reports errors or nothing at all.
    """
    line = next((line for line in said.splitlines() if line.startswith("TOTALS ")), None)
    if line is None:
        message = f"wrk printed no totals: {said[-500:]}"
        raise LoadError(message)
    totals = json.loads(line.removeprefix("TOTALS "))
    wrong = {
        name: totals[name]
        for name in ("connect", "read", "write", "status", "timeout")
        if totals[name]
    }
    if wrong or not totals["requests"]:
        message = f"{totals['requests']} requests with errors: {wrong}"
        raise LoadError(message)
    seconds = totals["microseconds"] / 1e6
    return Load(totals["requests"], seconds, totals["p50_us"], totals["p99_us"])


def read_latencies(log: str, expected: int, each: int, connections: int) -> Load:
    """Read h2load's log: start in µs, status, µs until the end of the answer.

    Raises :class:`LoadError` for missing or failed requests.
    """
    rows = [tuple(map(int, line.split("\t")[:3])) for line in log.splitlines()]
    failed = sum(1 for _, status, _ in rows if not 200 <= status < 300)
    if failed or len(rows) != expected:
        message = f"{len(rows)} of {expected} requests ended, {failed} of them not 2xx"
        raise LoadError(message)
    rows.sort()
    # Clients start one after the other; what each then sends lasts as long as was asked for.
    seconds = (rows[-1][0] - rows[0][0]) / 1e6 - STAGGER_SECONDS * connections
    warm = sorted(row[2] for row in rows[int(len(rows) * COLD_SHARE) :])
    middle, ninety_ninth = warm[len(warm) // 2], warm[int(len(warm) * 0.99)]
    return Load(len(rows), seconds, float(middle), float(ninety_ninth), float(each * connections))


def _header_options(option: str) -> list[str]:
    return [word for name, value in HEADERS for word in (option, f"{name}: {value}")]
