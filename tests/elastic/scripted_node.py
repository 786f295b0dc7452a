"""A node of Elasticsearch that answers what a test has written down, without any socket."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from elastic_transport import (
    ApiResponseMeta,
    BaseNode,
    HttpHeaders,
    NodeConfig,
)
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

from sidecar.elastic.connect import connect

HOST = "http://es-1:9200"


class Asked(NamedTuple):
    """One request as it came, its body inflated."""

    method: str
    target: str
    headers: HttpHeaders
    body: bytes

    @property
    def lines(self) -> list[Any]:
        """Its body, a JSON value a line."""
        return [json.loads(line) for line in self.body.splitlines()]


class Answer(NamedTuple):
    """What to answer: JSON for anything that is not bytes."""

    status: int
    body: Any
    headers: Mapping[str, str] = MappingProxyType({})


#: A request to its answer, or to what goes wrong on the way.
Script = Callable[[Asked], Answer | Exception]


class Scripted:
    """Has a client whose requests ``script`` answers, and remembers them."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self._script = script

    def client(self, *hosts: str, **options: Any) -> Elasticsearch:
        """The official client, with this in the place of its connections."""

        class Node(_ScriptedNode):
            scripted = self

        return connect(hosts or (HOST,), node_class=Node, **options)

    def answer(self, asked: Asked) -> Answer:
        """Remember what is asked, and answer or raise."""
        self.asked.append(asked)
        answer = self._script(asked)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _ScriptedNode(BaseNode):
    scripted: ClassVar[Scripted]

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = None,  # noqa: ARG002 - the client's signature
    ) -> NodeApiResponse:
        """Answer as the script says."""
        sent = HttpHeaders(headers or {})
        inflated = body or b""
        if sent.get("content-encoding") == "gzip":
            inflated = gzip.decompress(inflated)
        answer = self.scripted.answer(Asked(method, target, sent, inflated))
        plain = isinstance(answer.body, bytes)
        said = {
            "content-type": "text/html" if plain else "application/json",
            **({} if plain else {"x-elastic-product": "Elasticsearch"}),
            **answer.headers,
        }
        meta = ApiResponseMeta(answer.status, "1.1", HttpHeaders(said), 0.0, self.config)
        return NodeApiResponse(meta, answer.body if plain else json.dumps(answer.body).encode())

    def close(self) -> None:
        """Nothing is open."""


def error(status: int, kind: str, reason: str, **headers: str) -> Answer:
    """An error as Elasticsearch words it."""
    cause = {"type": kind, "reason": reason}
    return Answer(status, {"error": {"root_cause": [cause], **cause}, "status": status}, headers)
