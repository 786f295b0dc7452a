"""A service as a process: it listens, says so, serves until SIGTERM, and ends in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Final

import msgspec
import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler

from demo_services.shop.service.environment import (
    BadEnvironment,
    Environment,
    read_environment,
)
from demo_services.shop.service.knobs import Knobs, Work
from demo_services.shop.service.problems import tell_problems
from sidecar.middleware.aiohttp import keep

#: What runs when the service is told to stop may take so long.
_FINISH_SECONDS: Final = 5.0
_PROBES: Final = frozenset({"/healthz", "/readyz"})


class Service:
    """A service while it is put together and while it runs."""

    def __init__(self, name: str, environment: Environment, knobs: Knobs) -> None:
        self.name = name
        self.environment = environment
        self.work = Work(knobs)
        self.stopping = False
        #: Answers to customers and other services, by status; probes are not among them.
        self.served: dict[str, int] = {}
        #: What the operator may see besides, asked for when it is looked at.
        self.ledger: Callable[[], dict[str, int]] = dict

    def application(self, routes: web.RouteTableDef) -> web.Application:
        """What customers and other services reach: these routes, and the probes."""
        app = web.Application(middlewares=[self._count, tell_problems, keep()])
        app.add_routes(routes)
        app.add_routes([web.get("/healthz", self._health), web.get("/readyz", self._ready)])
        return app

    def knobs_application(self) -> web.Application:
        """What only the operator reaches.

        ``GET /_knobs`` shows the knobs and what was served; ``PATCH /_knobs`` turns those knobs
        that its JSON body names.
        """
        app = web.Application(middlewares=[tell_problems])
        app.add_routes([web.get("/_knobs", self._show), web.patch("/_knobs", self._turn)])
        return app

    async def _show(self, _request: web.Request) -> web.Response:
        return json_response(
            {
                "service": self.name,
                "knobs": self.work.knobs,
                "served": self.served,
                "ledger": self.ledger(),
            }
        )

    async def _turn(self, request: web.Request) -> web.Response:
        changes = msgspec.json.decode(await request.read(), type=dict[str, object])
        self.work.knobs = msgspec.convert(msgspec.to_builtins(self.work.knobs) | changes, Knobs)
        return await self._show(request)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self.stopping:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text="stopping\n")
        return web.Response(text="ready\n")

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path not in _PROBES:
            status = str(response.status)
            self.served[status] = self.served.get(status, 0) + 1
        return response


#: Puts a service together: its routes, for as long as the context lasts.
Opening = Callable[[Service], AbstractAsyncContextManager[web.RouteTableDef]]


def json_response(value: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """An answer in JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json"
    )


def run_service(name: str, default_port: int, knobs: Knobs, opening: Opening) -> int:
    """Run until SIGTERM or SIGINT; the exit status. Its environment says where and with what."""
    try:
        environment = read_environment(os.environ, default_port)
        uvloop.run(_run(Service(name, environment, knobs), opening))
    except BadEnvironment as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{name}: cannot listen: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


async def _run(service: Service, opening: Opening) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    environment = service.environment
    async with opening(service) as routes:
        knobs, customers = service.knobs_application(), service.application(routes)
        async with (
            _listening(knobs, "127.0.0.1", environment.knobs_port) as knobs_address,
            _listening(customers, environment.host, environment.port) as address,
        ):
            _announce(service, address, knobs_address)
            await stopped.wait()
            service.stopping = True


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """The address while it listens; at the end what runs is finished, new ones are refused."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FINISH_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


def _announce(service: Service, address: str, knobs_address: str) -> None:
    print(f"{service.name} on http://{address}, knobs on http://{knobs_address}/_knobs", flush=True)
    if (file := service.environment.addresses) is not None:
        # Whoever waits for the file must never read half of it.
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.encode({"service": address, "knobs": knobs_address}))
        unfinished.replace(file)
