"""Values of query parameters: the first of each name, read once."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from sidecar.model.http import RequestHead


def query_reader(name: bytes) -> Callable[[RequestHead], bytes]:
    """Reads the first value of a query parameter, escapes decoded once, ``+`` as a space."""
    find = re.compile(rb"(?:^|&)" + re.escape(name) + rb"=([^&]*)").search

    def read(request: RequestHead) -> bytes:
        query = request.query
        if not query:
            return b""
        if b"%" in query or b"+" in query:
            return _decoded_parameter(query, name)
        found = find(query)
        return found[1] if found else b""

    return read


def _decoded_parameter(query: bytes, name: bytes) -> bytes:
    for pair in query.split(b"&"):
        raw, equals, value = pair.partition(b"=")
        if equals and _decoded(raw) == name:
            return _decoded(value)
    return b""


def _decoded(value: bytes) -> bytes:
    if b"+" in value:
        value = value.replace(b"+", b" ")
    return unquote_to_bytes(value) if b"%" in value else value
