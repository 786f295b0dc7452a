"""Elasticsearch stopped for two minutes under load: requests do not notice, and nothing is lost.

Two sidecars are asked in turn, one that tells everything and one that tells nothing; so whatever
else the machine does happens to both.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.clients.asking import ask_admin, metric, resident_bytes
from tests.integration.running import exporter_of
from tests.integration.telemetry.accounting import (
    SENT,
    SPOOLED,
    Books,
    Driver,
    delivered,
    dropped,
    not_told,
    shows,
    telling,
)
from tests.integration.telemetry.clusters import fresh_namespace
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.nginx import Nginx
from tests.servers.sidecar import SidecarProcess, SidecarStarter

pytestmark = [pytest.mark.integration, pytest.mark.soak, pytest.mark.timeout(600)]

_BEFORE_SECONDS = 20.0
_DOWN_SECONDS = 120.0
_ROUND_SECONDS = 1.0
_CLIENTS = 4
_PAUSE_SECONDS = 0.005

#: What requests may notice; how late the loop may be, but for one tick in a thousand.
_MOST_SECONDS = 0.001
_MOST_LAG_SECONDS = 0.005
_MOST_LATE = 0.001
#: What waits in memory by default, and as much again for what is being made of it.
_MOST_GROWTH_BYTES = 40 * 1024 * 1024

Tell = Callable[[str], None]


class Lag:
    """How late the loop of a sidecar is from now on."""

    def __init__(self, sidecar: SidecarProcess) -> None:
        self._sidecar = sidecar
        self._before = _lags(sidecar)

    def late(self) -> tuple[float, int]:
        """The share of the loop's ticks that are later than allowed, and how many there were."""
        now = _lags(self._sidecar)
        grown = {edge: count - self._before[edge] for edge, count in now.items()}
        every = max(grown.values())
        return 1 - grown[_MOST_LAG_SECONDS] / every, int(every)


def _lags(sidecar: SidecarProcess) -> dict[float, float]:
    page = ask_admin(sidecar, "/metrics")[1].decode()
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "sidecar_loop_lag_seconds_bucket"
    }


class Pair:
    """A sidecar that tells everything, and one that tells nothing."""

    def __init__(self, telling_one: SidecarProcess, silent_one: SidecarProcess) -> None:
        self.telling, self.silent = telling_one, silent_one
        self.driver = Driver()
        self._unheard = Driver()
        #: Resident bytes of the sidecar and of its exporter, round by round.
        self.memory: list[tuple[int, int]] = []

    async def differences(self, seconds: float) -> list[float]:
        """How much longer 99 % of the requests take that are told of, round by round."""
        until = time.monotonic() + seconds
        found: list[float] = []
        while time.monotonic() < until:
            turns = [(self.telling, self.driver), (self.silent, self._unheard)]
            p99 = [await self._round(*turn) for turn in (turns if len(found) % 2 else turns[::-1])]
            found.append(p99[0] - p99[1] if len(found) % 2 else p99[1] - p99[0])
            exporter = exporter_of(self.telling.pid)
            self.memory.append((resident_bytes(self.telling.pid), resident_bytes(exporter)))
        return found

    async def _round(self, sidecar: SidecarProcess, driver: Driver) -> float:
        async with driver.at_work(sidecar, _CLIENTS, _PAUSE_SECONDS) as notes:
            await asyncio.sleep(_ROUND_SECONDS)
        return notes.percentile_seconds(0.99)


def uncertainty(found: list[float]) -> float:
    """Twice the standard error of the median of these: what else the machine does is in it."""
    low, _, high = quantiles(found, n=4)
    deviation = (high - low) / 1.349
    return float(2 * 1.253 * deviation / len(found) ** 0.5)


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Says a figure aloud: that is what one waits for."""

    def say(text: str) -> None:
        with capsys.disabled():
            os.write(1, f"{text}\n".encode())

    return say


async def test_stopped_for_two_minutes_under_load(
    sidecar_process: SidecarStarter,
    nginx: Nginx,
    elasticsearch: ElasticsearchServer,
    tmp_path: Path,
    tell: Tell,
) -> None:
    namespace = fresh_namespace()
    books = Books(elasticsearch, namespace)
    text = telling(nginx.address, elasticsearch.url, namespace, tmp_path / "spool")
    pair = Pair(sidecar_process(text), sidecar_process(not_told(nginx.address)))
    await pair.differences(4.0)
    await shows(pair.telling, SENT, 1, signal="traces")
    up = await pair.differences(_BEFORE_SECONDS)
    await asyncio.to_thread(elasticsearch.stop)

    lags = Lag(pair.telling), Lag(pair.silent)
    start = len(pair.memory)
    down = await pair.differences(_DOWN_SECONDS)
    (late, ticks), (late_in_silence, _) = (one.late() for one in lags)
    growth = [max(column) - column[0] for column in zip(*pair.memory[start:], strict=True)]

    tell(f"load of the machine {os.getloadavg()[0]:.1f}; {len(down)} pairs of rounds while down")
    for when, found in (("up", up), ("down", down)):
        noise = _ms(uncertainty(found))
        tell(f"p99 told of - not told of while {when}, median: {_ms(median(found))} ± {noise}")
    tell(
        f"ticks of the loop later than {_ms(_MOST_LAG_SECONDS)}: {late:.2%} while telling, "
        f"{late_in_silence:.2%} in silence, of {ticks}"
    )
    tell(f"memory at first and at most: {_megabytes(pair.memory[start:])}")
    tell(f"on disk: {metric(pair.telling, SPOOLED):.0f} documents")

    await asyncio.to_thread(elasticsearch.start)
    began = time.monotonic()
    await pair.differences(4.0)
    await delivered(pair.telling, 120)
    tell(f"delivered {time.monotonic() - began:.0f} s after it was back")
    await books.balance(pair.driver)
    tell(f"{pair.driver.expected.total()} documents told, all are there once")
    assert dropped(pair.telling) == 0
    assert median(down) - uncertainty(down) <= _MOST_SECONDS
    # Where others use the processors both are late, in bursts, and not equally so.
    assert late <= _MOST_LATE + 2 * late_in_silence
    assert max(growth) <= _MOST_GROWTH_BYTES


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _megabytes(memory: list[tuple[int, int]]) -> str:
    columns = zip(("sidecar", "exporter"), zip(*memory, strict=True), strict=True)
    return ", ".join(
        f"{who} {values[0] / 1e6:.1f} and {max(values) / 1e6:.1f} MB" for who, values in columns
    )
