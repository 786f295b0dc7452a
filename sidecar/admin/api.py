"""What a running sidecar answers about itself: alive, ready, metrics, version.

The whole of it is served on a Unix socket under the state directory; what a scraper and an
orchestrator need, on a port when the rule file asks for one.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec
from aiohttp import web
from prometheus_client.exposition import gzip_accepted

from sidecar.telemetry.exposition import MetersCollector, expose
from sidecar.telemetry.metrics import Meters

#: Larger pages are compressed off the loop.
_COMPRESS_OFF_LOOP_BYTES: Final = 16 * 1024


class AdminState(Protocol):
    """What the answers are made from."""

    @property
    def meters(self) -> Meters:
        """Everything that is counted."""
        ...

    @property
    def rules_version(self) -> str:
        """The version of the rule set that is live, empty before the first one."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Whether new requests are welcome, and in a word why not: ``starting``, ``draining``."""
        ...


def make_admin(state: AdminState) -> web.Application:
    """Everything there is to ask."""
    answers = _Answers(state)
    app = _application(answers)
    app.router.add_get("/version", answers.version)
    return app


def make_exporter(state: AdminState) -> web.Application:
    """What may be asked over the network: metrics and health."""
    return _application(_Answers(state))


def _application(answers: _Answers) -> web.Application:
    app = web.Application()
    app.router.add_get("/livez", answers.live)
    app.router.add_get("/readyz", answers.ready)
    app.router.add_get("/metrics", answers.metrics)
    return app


class _Answers:
    """One handler for each path."""

    def __init__(self, state: AdminState) -> None:
        self._state = state
        self._collector = MetersCollector(state.meters)

    async def live(self, _: web.Request) -> web.Response:
        """That this runs at all says that the event loop turns."""
        return _json({"live": True})

    async def ready(self, _: web.Request) -> web.Response:
        """503 takes the service out of its load balancer."""
        ready, reason = self._state.ready()
        if ready:
            return _json({"ready": True})
        return _json({"ready": False, "reason": reason}, status=503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Text or OpenMetrics, as the scraper prefers; compressed for those who ask."""
        page = await expose(self._collector, request.headers.get("Accept", ""))
        response = web.Response(
            body=page.body,
            headers={"Content-Type": page.content_type, "Vary": "Accept, Accept-Encoding"},
            zlib_executor_size=_COMPRESS_OFF_LOOP_BYTES,
        )
        if gzip_accepted(request.headers.get("Accept-Encoding", "")):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def version(self, _: web.Request) -> web.Response:
        """What is running, and with which rules."""
        meters = self._state.meters
        return _json(
            {
                "service": meters.service,
                "version": meters.version,
                "python": meters.python,
                "rules": {
                    "version": self._state.rules_version,
                    "reloads": meters.reloads.successes,
                    "failed_reloads": meters.reloads.failures,
                    "last_reload_failed": meters.reloads.last_failed,
                },
            }
        )


def _json(answer: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer) + b"\n",
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
