"""Four small services, each of which calls the next through its sidecar, and one that may fail.

Run as ``python -m tests.integration.chain_services FOLDER``. What a request is to meet stands in
its query: ``at``, the service that fails, ``how``, and ``hidden`` where those above say nothing.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import ClientError, ClientSession, UnixConnector, web

from sidecar.middleware.aiohttp import keep, pass_on

HOPS = 4
READY = "all services listen"


class Service:
    """One of them."""

    def __init__(self, folder: Path, hop: int) -> None:
        self._hop = hop
        self._folder = folder
        self._met: set[str] = set()
        self._calls: ClientSession

    async def start(self) -> None:
        application = web.Application(middlewares=[keep()])
        application.router.add_get("/", self._serve)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.UnixSite(runner, str(self._folder / f"{self._hop}.app")).start()
        out = UnixConnector(str(self._folder / f"{self._hop}.out"), limit=0)
        self._calls = ClientSession(connector=out, middlewares=[pass_on])

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        if self._hop == int(query["at"]):
            failed = await self._fail(request, query["how"])
            if failed is not None:
                return failed
        if self._hop + 1 < HOPS and not await self._call(request):
            return web.Response(text="made up") if "hidden" in query else web.Response(status=502)
        return web.Response(text="fine")

    async def _call(self, request: web.Request) -> bool:
        try:
            async with self._calls.get(f"http://next/?{request.query_string}") as answer:
                await answer.read()
                return answer.status == 200
        except ClientError:
            return False

    async def _fail(self, request: web.Request, how: str) -> web.StreamResponse | None:
        if how == "once":
            first = request.query["id"] not in self._met
            self._met.add(request.query["id"])
            return web.Response(status=503) if first else None
        if how == "error":
            return web.Response(status=500)
        if how == "half":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
        if request.transport is not None:
            request.transport.close()
        return web.Response()


async def main(folder: Path) -> None:
    """Serve until somebody ends it."""
    for hop in range(HOPS):
        await Service(folder, hop).start()
    print(READY, flush=True)  # noqa: T201 - the test waits for it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
