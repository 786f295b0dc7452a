"""A Grafana in memory, for the real client and without any socket.

It does what the stand-in of the integration tests does, whose functions it calls; only that
requests are checked against no description, which not every machine has.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sidecar.provision.grafana.server import Server
from tests.provision.grafana.scripted import Answer, Asked, Scripted
from tests.servers.grafana.exchange import RefusedError, Request
from tests.servers.grafana.routes import ROUTES
from tests.servers.grafana.server import RESOURCES
from tests.servers.grafana.state import State

assert RESOURCES, "importing them fills the routes"


class PretendedGrafana:
    """Answers like Grafana what provisioning asks."""

    def __init__(self) -> None:
        self.state = State()
        #: Method and beginning of a path to what is answered.
        self.refuses: dict[tuple[str, str], Answer | Exception] = {}
        #: ``PUT /folders/x`` for each request that changed something.
        self.writes: list[str] = []
        self.scripted = Scripted(self._answer)

    def server(self) -> Server:
        """The Grafana that provisioning sees."""
        return self.scripted.server()

    @property
    def sent(self) -> list[Any]:
        """The bodies of all writes."""
        return [asked.body for asked in self.scripted.asked if asked.method != "GET"]

    def _answer(self, asked: Asked) -> Answer | Exception:
        target = urlsplit(asked.target.removeprefix("/api"))
        for (method, beginning), refusal in self.refuses.items():
            if asked.method == method and target.path.startswith(beginning):
                return refusal
        fields = {name.lower(): value for name, value in asked.headers.items()}
        query = parse_qs(target.query, keep_blank_values=True)
        request = Request(asked.method, target.path, query, fields, asked.body)
        before = deepcopy(self.state)
        try:
            answer = self._handled(request)
        except RefusedError as refused:
            self.state = before
            return Answer(refused.answer.status, refused.answer.body)
        if asked.method != "GET":
            self.writes.append(f"{asked.method} {target.path}")
        return answer

    def _handled(self, request: Request) -> Answer:
        fitting = [
            (path.count("{"), handler, match.groupdict())
            for (method, path), handler in ROUTES.items()
            if method == request.method and (match := _pattern(path).fullmatch(request.path))
        ]
        if not fitting:
            raise RefusedError(404, "Not found")
        _, handler, values = min(fitting, key=lambda one: one[0])
        unquoted = {name: unquote(value) for name, value in values.items()}
        asked = Request(
            request.method, request.path, request.query, request.fields, request.body, unquoted
        )
        answer = handler(self.state, asked)
        return Answer(answer.status, deepcopy(answer.body))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
