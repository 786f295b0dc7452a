"""What operators ask a running sidecar over its admin socket, blocking."""

from __future__ import annotations

import asyncio
import http.client
import inspect
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.servers.patience import PATIENCE_SECONDS, Waiting
from tests.servers.ports import Address, connect
from tests.servers.sidecar import SidecarProcess

_SECONDS = 20.0


class _Connection(http.client.HTTPConnection):
    """``http.client`` over any sort of address."""

    def __init__(self, address: Address) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._address = address

    def connect(self) -> None:
        self.sock: socket.socket = connect(self._address, _SECONDS)


def ask_at(address: Address, target: str) -> tuple[int, bytes]:
    """Status and body of a GET. Raises ``OSError`` when nobody is there."""
    connection = _Connection(address)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask_admin(sidecar: SidecarProcess, target: str) -> tuple[int, bytes]:
    """The same on the admin socket."""
    return ask_at(f"unix:{sidecar.state_dir / 'admin.sock'}", target)


def is_ready(sidecar: SidecarProcess) -> bool:
    """What an orchestrator learns from ``/readyz``."""
    return ask_admin(sidecar, "/readyz")[0] == http.HTTPStatus.OK


def about(sidecar: SidecarProcess) -> dict[str, Any]:
    """What ``/version`` says."""
    told: dict[str, Any] = json.loads(ask_admin(sidecar, "/version")[1])
    return told


def metric(sidecar: SidecarProcess, name: str, **labels: str) -> float:
    """The sum of all samples of this name that have these labels."""
    page = ask_admin(sidecar, "/metrics")[1].decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def resident_bytes(pid: int) -> int:
    """The resident memory of a process, as the kernel has it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - no file
        [line] = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]],
    what: str,
    within_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Return once the condition holds; one that blocks is asked in a thread.

    Raises ``TimeoutError`` naming ``what`` after the time.
    """
    waiting = Waiting(what, within_seconds)
    while not await _holds(condition):
        pause_seconds = waiting.pause_seconds()
        await asyncio.sleep(pause_seconds)


async def _holds(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> bool:
    if inspect.iscoroutinefunction(condition):
        return bool(await condition())
    return bool(await asyncio.to_thread(condition))
