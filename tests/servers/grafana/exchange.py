"""Requests to Grafana and its answers."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

#: JSON, decoded.
Json = dict[str, Any]

#: The methods that change something.
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``path`` is what stands behind ``/api``."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    body: Any = None
    #: What stands in the path for the names in braces; filled in when the route is found.
    values: dict[str, str] = field(default_factory=dict)

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, decoded."""
        parts = self.path.strip("/").split("/")
        return tuple(urllib.parse.unquote(part) for part in parts)

    @property
    def provenance(self) -> str:
        """How what is written counts as provisioned: not at all when the header says so."""
        return "" if "x-disable-provenance" in self.fields else "api"

    def last(self, name: str, default: str = "") -> str:
        """The last value of that query parameter."""
        return self.query.get(name, [default])[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body; no body is None."""

    status: int
    body: Any = None


class RefusedError(Exception):
    """Grafana does not do that."""

    def __init__(self, code: int, message: str, /, **more: Any) -> None:
        super().__init__(message)
        self.answer = Answer(code, {"message": message, **more})


def ok(body: Any) -> Answer:
    """The usual answer."""
    return Answer(HTTPStatus.OK, body)


def refuse_unless(condition: object, code: int, message: str, /, **more: Any) -> None:
    """Raise ``RefusedError`` when the condition does not hold."""
    if not condition:
        raise RefusedError(code, message, **more)
