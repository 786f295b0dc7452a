"""JSON over HTTP, from servers on this network."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

_SECONDS: Final = 30.0


class Refused(Exception):  # noqa: N818 - named after what the server does
    """A server says no, and why."""


def get_json(url: str, parameters: Mapping[str, str] | None = None) -> Any:
    """What the server answers. Raises Refused, and OSError when it does not answer."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    return _json(urllib.request.Request(url + query))  # noqa: S310 - the developer's own URL


def post_form(url: str, parameters: Mapping[str, str]) -> Any:
    """The same for a form, as Grafana asks Prometheus."""
    body = urllib.parse.urlencode(parameters).encode()
    return _json(urllib.request.Request(url, body))  # noqa: S310 - the developer's own URL


def post_lines(url: str, lines: list[Mapping[str, Any]]) -> Any:
    """The same for lines of JSON."""
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    fields = {"Content-Type": "application/x-ndjson"}
    return _json(urllib.request.Request(url, body, fields))  # noqa: S310 - the developer's own URL


def _json(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - see above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(f"{error.code}: {error.read(2000).decode(errors='replace')}") from error
