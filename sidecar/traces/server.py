"""Answers what Grafana's Jaeger data source asks, from a place that keeps traces. It only reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from sidecar.traces.asked import Misasked, trace_id_of, trace_ids_of, wanted_of
from sidecar.traces.jaeger import Answer, Fault, jaeger_trace
from sidecar.traces.trace import AT_A_TIME, Store, Trace, Unanswered

#: Questions that wait for their turn; more are sent away.
WAITING_AT_MOST: Final = 32
_PATIENCE_SECONDS: Final = 30.0
_ResultT = TypeVar("_ResultT")


def make_server(store: Store) -> web.Application:
    """The application; it has the store's questions answered in threads of its own."""
    app = web.Application(middlewares=[_faults])
    there = _Desk(store)
    app.on_cleanup.append(there.close)
    app.router.add_get("/", there.health)
    app.router.add_get("/api/services", there.services)
    # Grafana does not always encode a slash in a service's name.
    app.router.add_get("/api/services/{service:.+}/operations", there.operations_of)
    app.router.add_get("/api/operations", there.operations)
    app.router.add_get("/api/traces", there.search)
    app.router.add_get("/api/traces/{id}", there.trace)
    app.router.add_get("/api/dependencies", there.dependencies)
    return app


class _Desk:
    """Where questions come in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(AT_A_TIME, "traces")
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def health(self, _: web.Request) -> web.Response:
        """That it runs, and what it is."""
        return web.Response(text="sidecar traces: Jaeger's HTTP API for Grafana, at /api\n")

    async def services(self, _: web.Request) -> web.Response:
        found = await self._ask(self._store.services)
        return _answered(found, len(found))

    async def operations_of(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        found = await self._ask(lambda: self._store.operations(service))
        names = [*dict.fromkeys(one.name for one in found)]
        return _answered(names, len(names))

    async def operations(self, request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if not service:
            raise Misasked("name a service: service=NAME")
        kind = request.query.get("spanKind", "")
        found = await self._ask(lambda: self._store.operations(service))
        named = [
            {"name": one.name, "spanKind": one.kind} for one in found if kind in {"", one.kind}
        ]
        return _answered(named, len(named))

    async def search(self, request: web.Request) -> web.Response:
        parameters = {name: request.query.getall(name) for name in request.query}
        if ids := trace_ids_of(parameters):
            return await self._ask(lambda: _told_by_ids(self._store, ids))
        wanted = wanted_of(parameters, time.time_ns())
        return await self._ask(lambda: _told(self._store.search(wanted)))

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = trace_id_of(request.match_info["id"])

        def told() -> web.Response:
            found = self._store.trace(trace_id)
            return _fault(404, "trace not found") if found is None else _told([found])

        return await self._ask(told)

    async def dependencies(self, _: web.Request) -> web.Response:
        # Grafana shows the text of an error only beside a status of success.
        return _fault(501, "which services call which is not kept here: see a trace", status=200)

    async def close(self, _: web.Application) -> None:
        """Answer no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, question: Callable[[], _ResultT]) -> _ResultT:
        """Have a question answered when it is its turn: its answer is made in the thread, too."""
        if self._waiting >= WAITING_AT_MOST:
            raise _Busy
        self._waiting += 1
        try:
            async with self._turns:
                loop = asyncio.get_running_loop()
                answering = loop.run_in_executor(self._threads, question)
                return await asyncio.wait_for(answering, _PATIENCE_SECONDS)
        finally:
            self._waiting -= 1


class _Busy(Exception):  # noqa: N818 - reads as what it says
    """Too many ask at once."""


def _told(traces: list[Trace]) -> web.Response:
    # Grafana breaks on a trace without spans.
    shown = [jaeger_trace(one) for one in traces if one.spans]
    return _answered(shown, len(shown))


def _told_by_ids(store: Store, ids: list[str]) -> web.Response:
    found = [trace for one in ids if (trace := store.trace(one)) is not None]
    return _told(found)


def _answered(data: Any, total: int) -> web.Response:
    return _json(Answer(data, total), 200)


def _fault(code: int, sentence: str, *, status: int = 0) -> web.Response:
    return _json(Answer(None, errors=[Fault(code, sentence)]), status or code)


def _json(answer: Answer, status: int) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer), status=status, content_type="application/json"
    )


@web.middleware
async def _faults(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What goes wrong is answered as Jaeger does."""
    try:
        return await handler(request)
    except Misasked as error:
        return _fault(400, str(error))
    except _Busy:
        return _fault(503, f"{WAITING_AT_MOST} questions wait already: ask again")
    except TimeoutError:
        return _fault(504, f"there was no answer within {_PATIENCE_SECONDS:.0f} s")
    except Unanswered as error:
        return _fault(502 if error.in_time else 504, str(error))
    except web.HTTPException as error:
        return _fault(error.status, f"{request.method} {request.path}: {error.reason}")
