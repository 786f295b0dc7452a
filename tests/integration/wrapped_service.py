"""A service that was written without a sidecar in mind, in aiohttp; a program of its own.

It calls an inventory by the host that it has always had, obeying ``HTTP_PROXY`` as its client
does, or by ``INVENTORY_URL``. It says on standard output what happens to it.
"""

from __future__ import annotations

import asyncio
import os
import signal

from aiohttp import ClientSession, web

INVENTORY = "http://inventory.shop.svc/stock"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the tests read


async def by_proxy(_: web.Request) -> web.Response:
    """Ask the inventory by its host."""
    async with ClientSession(trust_env=True) as session, session.get(INVENTORY) as answer:
        return web.Response(text=f"{answer.status} {await answer.text()}")


async def by_url(_: web.Request) -> web.Response:
    """Ask it where the environment says that it is."""
    url = f"{os.environ['INVENTORY_URL']}/stock"
    async with ClientSession() as session, session.get(url) as answer:
        return web.Response(text=f"{answer.status} {await answer.text()}")


async def late(request: web.Request) -> web.Response:
    """Ask it only after a while, in which the service may have been told to stop."""
    _say("late: begun")
    await asyncio.sleep(float(request.query["after"]))
    return await by_proxy(request)


async def environment(_: web.Request) -> web.Response:
    """What the service was told."""
    return web.json_response(dict(os.environ))


async def _farewell(_: web.Application) -> None:
    _say("told to stop")


def main() -> None:
    """Serve on ``PORT``, once ``START_AFTER`` seconds have passed."""
    asyncio.run(asyncio.sleep(float(os.environ.get("START_AFTER", "0"))))
    app = web.Application()
    app.router.add_get("/by-proxy", by_proxy)
    app.router.add_get("/by-url", by_url)
    app.router.add_get("/late", late)
    app.router.add_get("/environment", environment)
    app.on_shutdown.append(_farewell)
    signal.signal(signal.SIGUSR1, lambda *_: _say("usr1"))
    _say("a line of the service")
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)


if __name__ == "__main__":
    main()
