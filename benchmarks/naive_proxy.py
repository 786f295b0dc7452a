"""The reverse proxy that a Python programmer writes first: an aiohttp handler and a client."""

from __future__ import annotations

import asyncio
import secrets
import sys

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class NaiveProxy:
    """Forwards every request to one upstream, streaming both bodies."""

    def __init__(self, upstream: URL, session: ClientSession) -> None:
        self._upstream = upstream
        self._session = session

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """One exchange."""
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP
        ]
        headers.append(("X-Forwarded-For", request.remote or ""))
        headers.append(("X-Request-Id", secrets.token_hex(16)))
        async with self._session.request(
            request.method,
            self._upstream.join(request.rel_url),
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


async def serve(port: int, upstream_port: int) -> None:
    """Serve until the process is ended."""
    async with ClientSession(
        connector=TCPConnector(limit=0, keepalive_timeout=600),
        timeout=ClientTimeout(total=30),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        proxy = NaiveProxy(URL(f"http://127.0.0.1:{upstream_port}"), session)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", proxy.forward)
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=600)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
