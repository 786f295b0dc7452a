"""Gigabytes up and down, past readers who stop: whole, and in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.integration.clients.asking import resident_bytes
from tests.integration.rule_text import rules
from tests.integration.streams import (
    Reader,
    Source,
    StreamClient,
    StreamingApp,
    kernel_buffer_bytes,
    streaming_app,
)
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter

MIB = 1 << 20
#: What streaming may cost above the idle process, whatever the size of the body.
FLAT_BYTES = 40 * MIB
#: Buffers of the sidecar and of the two ends; the rest of what is on its way is the kernel's.
OWN_BYTES = 4 * MIB

LOOPS: tuple[Loop, ...] = ("uvloop", "asyncio")


@dataclass(frozen=True)
class Sidecar:
    """A sidecar, and what it held before its first request."""

    address: Address
    pid: int
    idle_bytes: int

    @classmethod
    def started(cls, process: SidecarProcess) -> Self:
        return cls(process.address, process.pid, resident_bytes(process.pid))


sizes = pytest.mark.parametrize(
    "loop,total_bytes",
    [
        # More than the buffers on the way and the memory that streaming may cost together.
        pytest.param("uvloop", 192 * MIB, id="uvloop-192MiB"),
        pytest.param("uvloop", 1024 * MIB, id="uvloop-1GiB", marks=pytest.mark.soak),
        pytest.param("asyncio", 64 * MIB, id="asyncio-64MiB"),
    ],
    scope="module",
)
framings = pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])


@pytest.fixture(scope="module")
def app() -> Iterator[StreamingApp]:
    with streaming_app() as running:
        yield running


@pytest.fixture(scope="module")
def sidecars(shared_start: SidecarStarter, app: StreamingApp) -> dict[str, Sidecar]:
    """One on each loop."""
    text = rules(app.address)
    return {loop: Sidecar.started(shared_start(text, loop=loop)) for loop in LOOPS}


def peak_bytes(pid: int) -> int:
    """The most memory that a process has ever had, as the kernel remembers it."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) * 1024


def judge(sidecar: Sidecar, source: Source, reader: Reader) -> None:
    assert reader.received_bytes == source.total_bytes
    assert reader.checksum == source.checksum
    # Whoever is slow slows the sender: there are two connections, and nothing keeps more.
    assert 0 < reader.held_bytes < 2 * kernel_buffer_bytes() + OWN_BYTES
    assert peak_bytes(sidecar.pid) < sidecar.idle_bytes + FLAT_BYTES


@pytest.mark.slow
@sizes
@framings
def test_down(
    sidecars: dict[str, Sidecar],
    app: StreamingApp,
    loop: str,
    total_bytes: int,
    chunked: bool,
) -> None:
    sidecar = sidecars[loop]
    source = app.source = Source(total_bytes)
    reader = Reader(source)
    with StreamClient(sidecar.address) as client:
        assert client.download(reader, chunked=chunked) == 200
    judge(sidecar, source, reader)


@pytest.mark.slow
@sizes
@framings
def test_up(
    sidecars: dict[str, Sidecar],
    app: StreamingApp,
    loop: str,
    total_bytes: int,
    chunked: bool,
) -> None:
    sidecar = sidecars[loop]
    source = Source(total_bytes)
    reader = app.reader = Reader(source)
    with StreamClient(sidecar.address) as client:
        assert client.upload(source, chunked=chunked) == 200
    judge(sidecar, source, reader)
