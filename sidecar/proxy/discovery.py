"""Looks upstreams up by name, again and again, off the path of requests.

What a name stood for last is kept when it cannot be looked up; endpoints that stay keep their
connections, those that go finish what they have begun.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sidecar.model.policy import Notice
from sidecar.proxy.clock import clock

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Cluster
    from sidecar.cluster.lookup import Lookup
    from sidecar.proxy.engine import Engine

#: Finds the addresses that a name stands for; raises ``OSError`` when it cannot.
Resolver = Callable[[str, int], Awaitable[list[str]]]

#: How long a start waits for names, so that the first requests find somebody.
START_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Progress:
    """How far looking up one upstream is."""

    lookup: Lookup
    due: float = 0.0
    running: bool = False
    #: Why it could not be looked up last; empty when it could.
    trouble: str = ""


class Discovery:
    """The lookups of all clusters. They are found by looking, so that a reload needs no word."""

    def __init__(
        self,
        engine: Engine,
        tell: Callable[[Notice], None],
        chance: Callable[[], float],
        resolve: Resolver | None = None,
    ) -> None:
        """``chance`` is a random number from 0 up to, and without, 1."""
        self._engine = engine
        self._tell = tell
        self._chance = chance
        self._resolve = resolve or system_resolver
        self._progress: dict[str, _Progress] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Look everything up for the first time; returns soon, whether it is found or not."""
        self.look(clock())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=START_SECONDS)

    def look(self, now: float) -> None:
        """Begin the lookups whose time has come; called by the sweep."""
        for name, cluster in self._engine.rules.clusters.items():
            if cluster.lookup is not None:
                self._look_at(name, cluster.lookup, now)

    async def stop(self) -> None:
        """Break off what runs. Nobody looks any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _look_at(self, cluster: str, lookup: Lookup, now: float) -> None:
        progress = self._progress.get(cluster)
        if progress is None or not lookup.asks_the_same(progress.lookup):
            progress = self._progress[cluster] = _Progress(lookup)
        progress.lookup = lookup
        if now < progress.due or progress.running:
            return
        progress.running = True
        # Off the data path, and it takes as long as it takes.
        task = self._engine.loop.create_task(self._find(cluster, progress))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find(self, cluster: str, progress: _Progress) -> None:
        lookup = progress.lookup
        hosts: list[str] = []
        trouble = ""
        try:
            hosts = await self._resolve(lookup.name, lookup.port)
        except (OSError, UnicodeError) as error:
            trouble = getattr(error, "strerror", None) or str(error)
        if not hosts:
            trouble = trouble or "it has no address"
        progress.running = False
        current = self._engine.rules.clusters.get(cluster)
        if self._progress.get(cluster) is not progress or current is None:
            # The rules have changed meanwhile, and ask for something else.
            return
        self._engine.meters.looked_up(cluster, found=not trouble)
        if hosts and current.lookup is not None:
            self._install(current, current.lookup, hosts)
        self._say(cluster, progress, trouble, current)
        progress.due = clock() + lookup.wait(self._chance(), found=bool(current.endpoints))
        progress.trouble = trouble

    def _install(self, cluster: Cluster, lookup: Lookup, hosts: list[str]) -> None:
        endpoints = lookup.endpoints(hosts, cluster.endpoints)
        if endpoints != cluster.endpoints:
            cluster.endpoints = endpoints
            self._engine.renew(cluster)

    def _say(self, cluster: str, progress: _Progress, trouble: str, current: Cluster) -> None:
        """Tell when a name is lost, and when it is found again."""
        if bool(trouble) is bool(progress.trouble):
            return
        name = progress.lookup.name
        kept = len(current.endpoints)
        if not trouble:
            text = f"{name} of upstream {cluster} is found again"
        elif kept:
            text = (
                f"{name} of upstream {cluster} cannot be looked up, and stays as it was: {trouble}"
            )
        else:
            text = f"{name} of upstream {cluster} cannot be looked up: {trouble}"
        facts: dict[str, str | float] = {
            "sidecar.upstream": cluster,
            "sidecar.lookup.addresses": kept,
        }
        self._tell(Notice("sidecar.lookup", text, facts, warns=bool(trouble)))


async def system_resolver(name: str, port: int) -> list[str]:
    """What the system says: /etc/hosts, DNS. Raises ``OSError``.

    In a thread of its own, for which nobody has to wait at the end: a name server that does not
    answer holds it for half a minute.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def work() -> None:
        try:
            outcome: list[str] | OSError | UnicodeError = _ask(name, port)
        except (OSError, UnicodeError) as error:
            outcome = error
        with suppress(RuntimeError):
            # The loop may have been closed meanwhile.
            loop.call_soon_threadsafe(_settle, answer, outcome)

    threading.Thread(target=work, name="sidecar-lookup", daemon=True).start()
    return await answer


def _ask(name: str, port: int) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    # Those with a zone mean nothing without it.
    return [str(address[0]) for *_, address in found if "%" not in str(address[0])]


def _settle(answer: asyncio.Future[list[str]], outcome: list[str] | OSError | UnicodeError) -> None:
    if answer.done():
        return
    if isinstance(outcome, list):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)
