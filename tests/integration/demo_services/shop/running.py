"""Starts the shop's services for a test."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession

from tests.servers.processes import Process


class Services:
    """Those that run, by name."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[Process, dict[str, str]]] = {}

    def add(self, name: str, process: Process, addresses: dict[str, str]) -> None:
        self._running[name] = (process, addresses)

    def process(self, name: str) -> Process:
        return self._running[name][0]

    def url(self, name: str) -> str:
        return f"http://{self._running[name][1]['service']}"

    async def turn(self, session: ClientSession, name: str, knobs: Mapping[str, float]) -> Any:
        """Turn knobs; what is shown afterwards."""
        address = self._running[name][1]["knobs"]
        async with session.patch(f"http://{address}/_knobs", json=knobs) as answer:
            return await answer.json(content_type=None)


@contextlib.contextmanager
def services(folder: Path, *, stock: int = 100, inventory: str | None = None) -> Iterator[Services]:
    """Run all four, or three of them beside another inventory."""
    shop = Services()
    environment = {"DATA_DIR": str(folder), "STOCK": str(stock), "PORT": "0"}
    with contextlib.ExitStack() as stack:
        for name in ("warehouse", "inventory", "order", "storefront"):
            if name == "inventory" and inventory is not None:
                environment["INVENTORY_URL"] = inventory
                continue
            process, addresses = _start(name, folder, environment)
            stack.enter_context(process)
            shop.add(name, process, addresses)
            environment[f"{name.upper()}_URL"] = shop.url(name)
        yield shop


def _start(
    name: str, folder: Path, environment: Mapping[str, str]
) -> tuple[Process, dict[str, str]]:
    file = folder / f"{name}.addresses.json"
    file.unlink(missing_ok=True)
    process = Process(
        name,
        [sys.executable, "-m", f"demo_services.shop.{name}"],
        folder / f"{name}.log",
        environment={**environment, "ADDRESSES_FILE": str(file)},
    )
    process.wait_until_ready(file.exists, "listening")
    return process, msgspec.json.decode(file.read_bytes(), type=dict[str, str])
