"""The Elasticsearch that the sidecars of a run send to, and what it has of this run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from elasticsearch import ApiError, TransportError

from demo_services.shop.story import elsewhere
from sidecar.elastic.connect import connect, said

#: What every document of a run carries, so that runs are told from one another.
RUN: Final = "demo.run"
_UNAUTHORISED: Final = frozenset({401, 403})
SIGNALS: Final = ("traces", "logs", "metrics")


class Cluster:
    """Asked with the credentials that the sidecars have. Raises OSError for a bad ``ca``."""

    def __init__(self, url: str, ca: str, variables: Mapping[str, str]) -> None:
        key = variables.get(elsewhere.API_KEY, "")
        user = variables.get(elsewhere.USER, "")
        password = variables.get(elsewhere.PASSWORD, "")
        self._client = connect([url], api_key=key, user=(user, password) if user else None, ca=ca)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def problem(self) -> str:
        """Why it cannot be used; empty when it can."""
        try:
            self._client.cluster.health()
        except ApiError as error:
            return said(error) if error.meta.status in _UNAUTHORISED else ""
        except TransportError as error:
            return said(error)
        return ""

    def counts(self, run: str) -> dict[str, int]:
        """How many documents of this run it has, by signal. Raises OSError."""
        try:
            return {signal: self._count(signal, run) for signal in SIGNALS}
        except (ApiError, TransportError) as error:
            raise ConnectionError(f"Elasticsearch: {said(error)}") from error

    def _count(self, signal: str, run: str) -> int:
        pattern = f"{signal}-*.otel-{elsewhere.NAMESPACE}*"
        lenient: Any = {"ignore_unavailable": True, "allow_no_indices": True}
        self._client.indices.refresh(index=pattern, **lenient)
        query = {"term": {f"resource.attributes.{RUN}": run}}
        return int(self._client.count(index=pattern, query=query, **lenient)["count"])
