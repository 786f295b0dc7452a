"""A backend for a real cluster, and what the cluster has of a namespace afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from sidecar.export.documents import Documents
from sidecar.export.elasticsearch import ElasticsearchBackend
from sidecar.export.item import Item
from sidecar.export.settings import ElasticsearchSettings, SpoolSettings
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS
from tests.servers.elasticsearch import ElasticsearchServer

_NUMBERS = count(1)


def fresh_namespace() -> str:
    """One that no test has used: streams outlive the tests that made them."""
    return f"test{next(_NUMBERS)}"


def all_items(namespace: str) -> list[Item]:
    """Items of every kind."""
    documents = Documents(RESOURCE, namespace)
    return documents.spans(SPANS) + documents.logs(LOGS) + documents.metrics(METRICS)


@contextlib.contextmanager
def backend_for(server: ElasticsearchServer, **changed: Any) -> Iterator[ElasticsearchBackend]:
    """A backend as the exporter has it, for this server as its first user."""
    settings: dict[str, Any] = {"urls": (server.url,), "spool": SpoolSettings("/nowhere")}
    if server.security is not None:
        first = server.security.users[0]
        settings |= {"username": first.name, "password": first.password, "ca": str(server.ca)}
    backend = ElasticsearchBackend(ElasticsearchSettings(**{**settings, **changed}))
    try:
        yield backend
    finally:
        backend.close()


def found(server: ElasticsearchServer, namespace: str) -> dict[str, dict[str, Any]]:
    """The documents of a namespace by their ids."""
    hits = server.search_all(f"*.otel-{namespace}*")
    return {hit["_id"]: hit["_source"] for hit in hits}


def sources(items: Sequence[Item], documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What those golden documents must be, by the ids of these items."""
    return {item.id: document["source"] for item, document in zip(items, documents, strict=True)}
