"""Small questions over HTTP to what runs: knobs, metrics, single requests."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

_TIMEOUT_SECONDS: Final = 5.0


class Reply(msgspec.Struct, frozen=True):
    """One whole answer; field names in lower case."""

    status: int
    fields: Mapping[str, str]
    body: bytes


def ask(
    address: str,
    path: str,
    *,
    method: str = "GET",
    fields: Mapping[str, str] | None = None,
    body: object = None,
) -> Reply:
    """Ask ``host:port``; a body goes as JSON. Raises OSError when there is no whole answer."""
    connection = http.client.HTTPConnection(address, timeout=_TIMEOUT_SECONDS)
    return _answer(connection, path, method=method, fields=fields, body=body)


def ask_url(url: str, path: str) -> Reply:
    """Ask for what is below a URL. Raises OSError when there is no whole answer."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    return _answer(connection, parts.path.rstrip("/") + path)


def _answer(
    connection: http.client.HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    fields: Mapping[str, str] | None = None,
    body: object = None,
) -> Reply:
    try:
        sent = None if body is None else msgspec.json.encode(body)
        connection.request(method, path, sent, dict(fields or {}))
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, received, answer.read())
    except http.client.HTTPException as error:
        where = f"{connection.host}:{connection.port}{path}"
        raise ConnectionError(f"http://{where}: {error!r}") from error
    finally:
        connection.close()
