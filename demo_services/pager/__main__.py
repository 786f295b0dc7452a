"""``python -m demo_services.pager``: prints the alerts that it is sent, until it is stopped."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer
from aiohttp import web

from demo_services.pager.message import lines


def main(
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8080,
) -> None:
    """Take webhooks at any path; the path says to whom they go, such as /page or /ticket."""
    application = web.Application()
    application.router.add_post("/{to:.*}", _told)
    web.run_app(application, host=host, port=port, print=_say, access_log=None)


async def _told(request: web.Request) -> web.Response:
    try:
        for line in lines(await request.read(), request.match_info["to"] or "alert"):
            _say(line)
    except msgspec.MsgspecError as error:
        return web.Response(status=400, text=f"not a message of Alertmanager's: {error}\n")
    return web.Response(status=204)


def _say(words: str) -> None:
    print(words, flush=True, file=sys.stdout)


if __name__ == "__main__":
    typer.run(main)
