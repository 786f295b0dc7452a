"""Where a server of others is that telemetry goes to: a URL, with the path of a proxy perhaps."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.addresses import parse_url
from sidecar.model.reading import shown, unreadable

_WRITTEN = "write http://HOST:PORT or https://HOST:PORT; a path may follow"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~%-]+)*/?")


def parse_server_url(value: object) -> str:
    """``https://h:9200`` or ``https://proxy/es/``; without the last slash. Raises ``bad-url``.

    A port that is left out is left to whoever connects. A user's name, a query and a fragment are
    refused.
    """
    text = value if isinstance(value, str) else ""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in {"http", "https"}:
        is_host = re.fullmatch(r"[\w.-]+:\d{1,5}", text) is not None
        meant = f"http://{text}" if is_host else None
        raise unreadable("bad-url", f"{shown(value)} is not a URL", _WRITTEN, meant)
    if "@" in rest:
        problem = "a URL is no place for a user"
        raise unreadable("bad-url", problem, "say who it is in a field of its own")
    slash = rest.find("/")
    authority, prefix = (rest, "") if slash < 0 else (rest[:slash], rest[slash:])
    if not _PREFIX.fullmatch(prefix) or re.search(r"[?#]", authority):
        raise unreadable("bad-url", f"{shown(value)} has more than a host and a path", _WRITTEN)
    parse_url(f"{scheme}://{authority}")
    if re.search(r":0*$", authority):
        raise unreadable("bad-url", f"{shown(value)} has no valid port", _WRITTEN)
    return f"{scheme}://{authority}{prefix.rstrip('/')}"


ServerUrl = Annotated[
    str,
    PlainValidator(parse_server_url),
    WithJsonSchema({
        "type": "string", "pattern": "^https?://",
        "examples": ["http://127.0.0.1:9200", "https://es.internal:9200", "https://proxy/es"],
        "description": "http://HOST:PORT or https://HOST:PORT; a path may follow.",
    }),
]  # fmt: skip
