"""The shop as a process of its own: ``python -m demo_services.hello.service``."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from aiohttp import web

from demo_services.hello.catalogue import Catalogue
from demo_services.hello.knobs import Knobs, Store
from demo_services.hello.shop import SERVED, control, shop


def main(
    *,
    listen: Annotated[str, typer.Option(help="Where customers reach it.")] = "127.0.0.1:9000",
    control_at: Annotated[
        str, typer.Option("--control", help="Where the operator reaches its knobs.")
    ] = "127.0.0.1:9001",
    addresses: Annotated[
        Path | None, typer.Option(help="A file to write the real addresses to, once it listens.")
    ] = None,
) -> None:
    """Run the shop until SIGTERM or SIGINT. Port 0 means any free one."""
    try:
        uvloop.run(_serve(listen, control_at, addresses))
    except OSError as error:
        print(f"cannot listen: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(1) from error


async def _serve(listen: str, control_at: str, addresses: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="hello-shop-") as directory:
        catalogue = Catalogue(Path(directory) / "shop.sqlite")
        store = Store(Knobs())
        customers = shop(catalogue, store)
        runners = [
            web.AppRunner(customers, access_log=None),
            web.AppRunner(control(customers[SERVED], store), access_log=None),
        ]
        try:
            bound = {
                "service": await _listen(runners[0], listen),
                "control": await _listen(runners[1], control_at),
            }
            _announce(bound, addresses)
            await _until_stopped()
        finally:
            for runner in runners:
                await runner.cleanup()
            catalogue.close()


async def _listen(runner: web.AppRunner, address: str) -> str:
    await runner.setup()
    host, _, port = address.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    host, port = runner.addresses[0][:2]
    return f"{host}:{port}"


def _announce(bound: dict[str, str], addresses: Path | None) -> None:
    print(f"shop on http://{bound['service']}, knobs on http://{bound['control']}", flush=True)
    if addresses is not None:
        # Whoever waits for the file must never read half of it.
        unfinished = addresses.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.encode(bound))
        unfinished.replace(addresses)


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    typer.run(main)
