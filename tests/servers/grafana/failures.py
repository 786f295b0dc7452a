"""Ways in which a request to Grafana can come to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """``applied``: Grafana did what was asked before, and only its answer is lost."""

    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(_Failure):
    """An answer of Grafana's own: it is in trouble, or locked, or asks to wait."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    message: str = "Internal Server Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPage(_Failure):
    """A page for people, of whatever stands in front of Grafana."""

    status: int = HTTPStatus.BAD_GATEWAY
    page: str = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang(_Failure):
    """No answer, until the stand-in is told to let go or ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(_Failure):
    """The connection is reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect(_Failure):
    """To somewhere else, as a proxy does that wants people to sign in or to use TLS."""

    location: str
    status: int = HTTPStatus.FOUND


Failure = Status | ProxyPage | Hang | Reset | Redirect
