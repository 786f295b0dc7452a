"""A Grafana that answers what a test has written down, to the real client, without any socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from niquests import PreparedRequest, Response
from niquests.adapters import BaseAdapter
from niquests.structures import CaseInsensitiveDict

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.access import Access
from sidecar.provision.grafana.server import Server

URL = "http://grafana:3000"
TOKEN = "glsa_canary"  # so that it can be looked for


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    #: With what follows a question mark.
    target: str
    headers: Mapping[str, str]
    body: Any


class Answer(NamedTuple):
    """What to answer: JSON for anything that is not bytes."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({"content-type": "application/json"})


#: A request to its answer, or to what goes wrong on the way.
Script = Callable[[Asked], Answer | Exception]


class Scripted(BaseAdapter):
    """Stands where the client's connections would; remembers what was asked."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self._script = script

    def server(self, access: Access | None = None) -> Server:
        """The Grafana that provisioning sees."""
        server = Server(access or Access(URL, SecretText(TOKEN)))
        session = server._api.client.s
        session.allow_incoming_cookies = False  # they are looked for in a real connection
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        return server

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        """The answer of the script."""
        target = (request.url or "").removeprefix(URL)
        body = json.loads(request.body) if isinstance(request.body, bytes | str) else None
        asked = Asked(request.method or "", target, request.headers or {}, body)
        self.asked.append(asked)
        answer = self._script(asked)
        if isinstance(answer, Exception):
            raise answer
        response = Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.url = request.url
        response.request = request
        response.raw = cast("Any", object())
        response._content = _encoded(answer.body)
        return response

    def close(self) -> None:
        """Nothing is open."""


def _encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()
