"""Calls to other services: by an address of their own, or by name through a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Self

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, hdrs

from sidecar.middleware.aiohttp import pass_on

#: Without a sidecar this is all that bounds a call.
_TIMEOUT_SECONDS: Final = 10.0
_CONNECTIONS_AT_MOST: Final = 200
_JSON: Final = "application/json"


class PeerFailed(Exception):  # noqa: N818 - named after what happened
    """The other service could not be reached, broke off, or took too long."""


class Answer(msgspec.Struct, frozen=True):
    """What another service answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def degraded(self) -> str | None:
        """Who answered in its place, and with what, when it was not the service itself."""
        return self.headers.get("x-degraded")

    @property
    def good(self) -> bool:
        """Whether it is what was asked for."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def detail(self) -> str:
        """What a problem says of itself; the status where it says nothing."""
        try:
            return msgspec.json.decode(self.body, type=_Detail).detail
        except msgspec.MsgspecError:
            return f"status {self.status}"


class _Detail(msgspec.Struct):
    detail: str


class Peer:
    """One other service. What came with the request that is served goes along."""

    def __init__(self, session: ClientSession, base: str, proxy: str | None) -> None:
        self._session = session
        self._base = base.rstrip("/")
        self._proxy = proxy

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask and wait for the whole answer. Raises PeerFailed."""
        fields = dict(headers or {})
        if body is not None:
            fields.setdefault(hdrs.CONTENT_TYPE, _JSON)
        try:
            async with self._session.request(
                method, self._base + path, data=body, headers=fields, proxy=self._proxy
            ) as answer:
                return Answer(answer.status, answer.headers, await answer.read())
        except (ClientError, TimeoutError) as error:
            raise PeerFailed(f"{self._base}: {str(error) or type(error).__name__}") from error


class Peers:
    """All the calls of a service, over one pool of connections; close it at the end."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._session = ClientSession(
            connector=TCPConnector(limit=_CONNECTIONS_AT_MOST),
            timeout=ClientTimeout(total=_TIMEOUT_SECONDS),
            middlewares=[pass_on],
            raise_for_status=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def peer(self, name: str) -> Peer:
        """The service of that name: at ``NAME_URL``, else at ``http://NAME`` by ``HTTP_PROXY``."""
        variables = self._variables
        if url := variables.get(f"{name.upper()}_URL"):
            return Peer(self._session, url, None)
        proxy = variables.get("HTTP_PROXY") or variables.get("http_proxy")
        return Peer(self._session, f"http://{name}", proxy or None)
