"""Asks endpoints now and then whether they are well, over connections like those of requests.

Each check opens a connection of its own, outside of the pool: that it can be opened is half of
the answer. Off the data path; one beat of the sweep starts what is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from sidecar.cluster.health import CheckSettings
from sidecar.model.http import RequestHead
from sidecar.proxy.asker import Asker
from sidecar.proxy.clock import clock
from sidecar.proxy.connector import Connector
from sidecar.proxy.upstream import OPENING

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Cluster, Endpoint
    from sidecar.model.http import ResponseHead
    from sidecar.model.outcome import Failure
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.upstream import Upstream

_AGENT: Final = b"sidecar-health-check"


class HealthChecks:
    """The checks of all clusters. They are found by looking, so that a reload needs no word."""

    def __init__(self, engine: Engine, chance: Callable[[], float]) -> None:
        """``chance`` is a random number from 0 up to, and without, 1."""
        self._engine = engine
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self, now: float) -> None:
        """Begin the checks whose time has come; called by the sweep."""
        for cluster in self._engine.rules.clusters.values():
            if cluster.checks is not None:
                for endpoint in cluster.endpoints:
                    self._look_at(endpoint, cluster, cluster.checks, now)

    async def stop(self) -> None:
        """Break off the checks that run. Nobody looks any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def running(self) -> int:
        """How many checks have begun and not ended."""
        return len(self._tasks)

    def _look_at(
        self, endpoint: Endpoint, cluster: Cluster, settings: CheckSettings, now: float
    ) -> None:
        checks = endpoint.checks
        if checks.due is None:
            # Not all at once, and not in step with other sidecars.
            checks.due = now + self._chance() * settings.every
        if now < checks.due or checks.running:
            return
        checks.due += settings.every
        if checks.due <= now:
            # What was missed is not made up for.
            checks.due = now + settings.every
        checks.running = True
        # A check is off the data path, and waits for a connection as connectors do.
        task = self._engine.loop.create_task(self._check(endpoint, cluster, settings))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, endpoint: Endpoint, cluster: Cluster, settings: CheckSettings) -> None:
        try:
            problem = await reach(self._engine, endpoint, settings)
            cluster.health.checked(endpoint, problem, clock())
        finally:
            endpoint.checks.running = False


async def reach(engine: Engine, endpoint: Endpoint, settings: CheckSettings | None) -> str:
    """What is wrong with the endpoint; empty when it is well.

    Without ``settings`` it is well when a connection can be opened.
    """
    connector = _Unpooled(engine, engine.connector(endpoint))
    asked = settings or CheckSettings()
    question = _Question(engine, asked.path)
    connection = None
    try:
        async with asyncio.timeout(asked.timeout):
            connection = await connector.open()
            if connection.state != OPENING:
                return "it closed, or spoke before it was asked"
            if settings is None:
                return ""
            connection.send(question, _head(endpoint, settings))
            answer = await question.answer
    except TimeoutError:
        return f"no answer within {asked.timeout:g}s"
    except (OSError, ValueError) as error:
        # ``ssl.SSLError`` is an ``OSError``.
        return str(error) or type(error).__name__
    finally:
        if connection is not None:
            connection.abandon()
    if isinstance(answer, str):
        return answer
    return "" if asked.expects(answer) else f"it answered {answer}"


def _head(endpoint: Endpoint, settings: CheckSettings) -> bytes:
    tls = endpoint.tls
    host = tls.server_name.encode("ascii") if tls is not None else endpoint.authority
    return b"GET %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: %b\r\nConnection: close\r\n\r\n" % (
        settings.path,
        host or endpoint.authority,
        _AGENT,
    )


@final
class _Unpooled(Connector):
    """Opens a connection that its endpoint's pool does not know."""

    __slots__ = ()

    def __init__(self, engine: Engine, pooled: Connector) -> None:
        super().__init__(engine, pooled.endpoint, pooled.meters)
        self.tls = pooled.tls

    def release(self, connection: Upstream) -> None:
        """It carries one request only."""
        connection.close()

    def closed(self, connection: Upstream) -> None:
        """Nobody had counted it."""


@final
class _Question(Asker):
    """The only request of a check; a status, or why there is none, is its answer."""

    def __init__(self, engine: Engine, path: bytes) -> None:
        self.rules = engine.rules
        self.request = RequestHead("GET", path, 1)
        self.answer: asyncio.Future[int | str] = engine.loop.create_future()

    def attempt_failed(self, failure: Failure, detail: str = "") -> None:
        """The connection broke, or what came was no answer."""
        self._end(f"{failure.reason}: {detail}" if detail else failure.reason)

    def response_begin(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:  # noqa: ARG002 - the status is enough
        """The head says it all."""
        self._end(head.status)

    def _end(self, answer: int | str) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def granted(self, connection: Upstream) -> None:
        """No connection was asked for: it has its own."""

    def interim_response(self, head: ResponseHead) -> None:
        """The answer is yet to come."""

    def response_body(self, payload: bytes) -> None:
        """Not looked at."""

    def response_last(self, payload: bytes, trailers: list[bytes]) -> None:
        """Not looked at."""

    def tunnel_begin(self, head: ResponseHead, data: bytes) -> None:
        """No upgrade was asked for."""

    def tunnel_down(self, data: bytes) -> None:
        """No upgrade was asked for."""

    def tunnel_ended(self, *, from_upstream: bool) -> None:
        """No upgrade was asked for."""

    def tunnel_closed(self) -> None:
        """No upgrade was asked for."""
