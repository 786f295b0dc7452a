"""What docs/adoption.md shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adoption.md").read_text(encoding="utf-8")
ASGI, WSGI, AIOHTTP = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Client:
    """Remembers what it was asked to send."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def get(self, _url: str, headers: dict[str, str]) -> Client:
        self.sent.append(headers)
        return self

    def __await__(self) -> Any:
        return iter(())


def _run(code: str) -> tuple[Any, Client]:
    """The application that a block makes, and the client that it calls."""
    names: dict[str, Any] = {"client": Client()}
    exec(code, names)  # noqa: S102 - a page of ours
    return names["app"], names["client"]


async def test_asgi() -> None:
    app, client = _run(ASGI)
    await app({"type": "http", "headers": [(b"traceparent", TRACE.encode())]}, None, None)
    assert client.sent == [{"traceparent": TRACE}]


def test_wsgi() -> None:
    app, client = _run(WSGI)
    body = app({"HTTP_TRACEPARENT": TRACE}, lambda *_: None)
    body.close()
    assert client.sent == [{"traceparent": TRACE}]


def test_aiohttp() -> None:
    app, _ = _run(AIOHTTP)
    assert len(app.middlewares) == 1


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)", PAGE))))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()
