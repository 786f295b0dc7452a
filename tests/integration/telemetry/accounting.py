"""What a driver asked of a sidecar, and what a cluster was told of it: the two must be the same.

Each request has a trace of its own, so that every document says whose it is: one that is missing
and one that is there twice are found whatever their number.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, helpers

from sidecar.telemetry import attributes as a
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, BrokenAnswer, Connection
from tests.integration.clients.crowd import Crowd, Notes
from tests.integration.rule_text import rules
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.sidecar import SidecarProcess

SENT = "sidecar_telemetry_sent_total"
DROPPED = "sidecar_telemetry_dropped_total"
UP = "sidecar_telemetry_exporter_up"
SPOOLED = "sidecar_telemetry_spool_documents"

#: What is told of a request that is let in, and of one that is refused: spans, lines of the log,
#: and what has happened within a span.
_OF_ONE_LET_IN = ("Server", "Client", a.REQUEST.name)
_OF_ONE_REFUSED = ("Server", a.REQUEST.name, a.DECISION.name, "event")

_NOBODY = {"name": "nobody", "match": {"path": "/refused"}, "deny": {"method": ["GET"]}}

#: Documents by trace and kind.
Documents = Counter[tuple[str, str]]

_FIELDS = ("trace_id", "kind", "event_name", "severity_text")


def telling(app: str, url: str, namespace: str, spool: Path, **changed: Any) -> str:
    """Rules of a sidecar that tells everything of every request to the cluster at ``url``.

    What is asked for below ``/refused`` is refused. ``changed`` is of the spool's own fields.
    """
    cluster = {
        "url": url,
        "namespace": namespace,
        "metrics_every": "1h",
        "spool": {"folder": str(spool), **changed},
    }
    logs = {"file": "none", "access": "100%", "decisions": "all"}
    told = {"logs": logs, "traces": {"sample": "100%"}, "elasticsearch": cluster}
    return rules(app, telemetry=told, access=[_NOBODY])


def not_told(app: str) -> str:
    """The same without anything that is told."""
    logs = {"file": "none", "access": "0%", "decisions": "none"}
    return rules(app, telemetry={"logs": logs, "traces": {"sample": "0%"}}, access=[_NOBODY])


class Driver:
    """Clients that ask, and remember what has to be told of it."""

    def __init__(self) -> None:
        self.expected: Documents = Counter()

    @contextlib.asynccontextmanager
    async def at_work(
        self, sidecar: SidecarProcess, clients: int = 4, pause_seconds: float = 0.02
    ) -> AsyncIterator[Notes]:
        """Ask while the block runs; whatever goes wrong with a request is an ``AssertionError``."""
        crowd = Crowd(sidecar.address, pause_seconds)
        notes = crowd.add("all", clients, self._ask, keep_alive=True)
        async with crowd.at_work():
            yield notes
        assert not crowd.failures, crowd.failures[:3]
        assert notes.asked > 0

    async def ask(self, sidecar: SidecarProcess, count: int) -> None:
        """So many requests, one after another."""
        async with await Connection.open(sidecar.address) as connection:
            for _ in range(count):
                await self._ask(connection)

    async def _ask(self, connection: Connection) -> Answer:
        trace = secrets.token_hex(16)
        is_refused = trace[0] in "0123"
        parent = ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")
        answer = await connection.ask("/refused" if is_refused else "/small", fields=[parent])
        self.expected.update((trace, kind) for kind in _told_of(is_refused=is_refused))
        if answer.status != (403 if is_refused else 200):
            raise BrokenAnswer(f"{answer.status} for {'/refused' if is_refused else '/small'}")
        return answer


def _told_of(*, is_refused: bool) -> tuple[str, ...]:
    return _OF_ONE_REFUSED if is_refused else _OF_ONE_LET_IN


class Books:
    """What a cluster has of a namespace."""

    def __init__(self, server: ElasticsearchServer, namespace: str) -> None:
        self._server = server
        self._pattern = f"traces-*.otel-{namespace}*,logs-*.otel-{namespace}*"

    def total(self) -> int:
        """How many documents there are of requests, as far as shards are there already."""
        with contextlib.suppress(ApiError):
            return self._server.count(self._pattern, {"exists": {"field": "trace_id"}})
        return 0

    async def lost_events(self) -> int:
        """How many of the two events are missing that tell of an outage which is over."""

        def is_over() -> bool:
            return self._outage_events("INFO") == 1

        await eventually(is_over, "the event that tells of an outage's end")
        return 1 - self._outage_events("WARN")

    def _outage_events(self, severity: str) -> int:
        terms = {"event_name": "sidecar.backend", "severity_text": severity}
        query = {"bool": {"filter": [{"term": {name: value}} for name, value in terms.items()]}}
        return self._server.count(self._pattern, query)

    def found(self) -> Documents:
        """Every one of them."""
        self._server.refresh(self._pattern)
        return Counter(_kinds(self._server, self._pattern))

    def missing(self, driver: Driver) -> int:
        """How many documents are not there; one that is there twice is an ``AssertionError``."""
        found = self.found()
        too_many, missing = found - driver.expected, driver.expected - found
        assert not too_many, f"{too_many.total()} too many: {too_many.most_common(3)}"
        return missing.total()

    async def balance(
        self, driver: Driver, lost: int = 0, within_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """All that was sent is there once, but for so many documents that were counted as lost."""
        wanted = driver.expected.total() - lost
        seen = 0

        def is_there() -> bool:
            nonlocal seen
            seen = self.total()
            return seen >= wanted

        try:
            await eventually(is_there, f"{wanted} documents", within_seconds)
        except TimeoutError as error:
            raise AssertionError(f"{seen} documents of {wanted} are there") from error
        missing = self.missing(driver)
        assert missing == lost, f"{missing} are missing, {lost} were counted"


def _kinds(server: ElasticsearchServer, pattern: str) -> Iterator[tuple[str, str]]:
    query = {"query": {"exists": {"field": "trace_id"}}, "_source": _FIELDS}
    for hit in helpers.scan(server.client(), query=query, index=pattern, size=5_000):
        source = hit["_source"]
        yield source["trace_id"], _kind(source)


def _kind(source: dict[str, Any]) -> str:
    if "kind" in source:
        return str(source["kind"])
    return str(source["event_name"]) if "severity_text" in source else "event"


async def delivered(sidecar: SidecarProcess, within_seconds: float = PATIENCE_SECONDS) -> None:
    """Return once nothing waits for a backend any more, in memory or on disk."""
    waiting = (SPOOLED, "sidecar_telemetry_queue_bytes")

    def is_idle() -> bool:
        return metric(sidecar, UP) == 1 and not any(metric(sidecar, name) for name in waiting)

    await eventually(is_idle, "nothing waits", within_seconds)


def dropped(sidecar: SidecarProcess, reason: str = "") -> int:
    """How much telemetry the sidecar says is lost, for this reason or for any."""
    return int(metric(sidecar, DROPPED, **({"reason": reason} if reason else {})))


async def shows(
    sidecar: SidecarProcess,
    name: str,
    least: float,
    within_seconds: float = PATIENCE_SECONDS,
    **labels: str,
) -> None:
    """Return once ``/metrics`` says at least that."""
    await eventually(
        lambda: metric(sidecar, name, **labels) >= least,
        f"{name} {labels} of {least}",
        within_seconds,
    )
