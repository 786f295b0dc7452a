"""Grafana's HTTP API: what is asked of it, and how it says no."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import niquests.exceptions as n
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaTimeoutError

from sidecar.provision.grafana.access import Access
from sidecar.provision.step import Refused

_SECONDS: Final = 15.0
#: More of an answer than this is not for people.
_LONGEST: Final = 300
_PAGE: Final = (
    "answered with a page in place of JSON: is it the address of Grafana itself, and not of a"
    " login page or a proxy before it?"
)
_AT_ONCE: Final = "somebody else saved it at the same time; run this again to see what differs now"
Answer = TypeVar("Answer", dict[str, Any], list[Any])


class Passing(Refused):
    """Not now: a moment later it may be another answer."""

    def __init__(self, words: str, *, silent: bool = False) -> None:
        super().__init__(words)
        #: Whether nothing was answered at all.
        self.silent = silent


class Unwelcome(Refused):
    """Whoever asks is not known: nothing else will be answered, either."""


class Server:
    """One Grafana. Whatever it does not do raises ``Refused``, with words for people."""

    def __init__(self, access: Access) -> None:
        """Raises OSError when the file of authorities cannot be read."""
        self._access = access
        self._api = _api(access)

    def version(self) -> str:
        """Which Grafana it is; empty where it does not tell."""
        settings = self.ask(lambda api: api.client.GET("/frontend/settings"), dict)
        build = settings.get("buildInfo")
        return str(build.get("version", "")) if isinstance(build, dict) else ""

    def find(self, send: Callable[[GrafanaApi], Any], kind: type[Answer]) -> Answer | None:
        """What is there; None where Grafana says that there is nothing."""
        try:
            return self._sent(send, kind)
        except GrafanaClientError as error:
            if error.status_code == 404:
                return None
            raise self._refusal(error) from None

    def ask(self, send: Callable[[GrafanaApi], Any], kind: type[Answer]) -> Answer:
        """What is answered."""
        try:
            return self._sent(send, kind)
        except GrafanaException as error:
            raise self._refusal(error) from None

    def tell(self, send: Callable[[GrafanaApi], Any]) -> None:
        """Have something changed."""
        try:
            answer = self._answered(send)
        except GrafanaException as error:
            raise self._refusal(error) from None
        if isinstance(answer, str) and answer.strip():
            raise Refused(_PAGE)

    def gone(self, send: Callable[[GrafanaApi], Any]) -> None:
        """Have something taken away, which may be gone already."""
        try:
            self._answered(send)
        except GrafanaException as error:
            if error.status_code != 404:
                raise self._refusal(error) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._api.client.s.close()

    def _sent(self, send: Callable[[GrafanaApi], Any], kind: type[Answer]) -> Answer:
        answer = self._answered(send)
        if isinstance(answer, kind):
            return answer
        raise Refused(_PAGE if isinstance(answer, str) else "answered something unexpected")

    def _answered(self, send: Callable[[GrafanaApi], Any]) -> Any:
        try:
            return send(self._api)
        except GrafanaTimeoutError:
            raise Passing(f"no answer within {_SECONDS:g} s", silent=True) from None
        except GrafanaException as error:
            if not error.status_code:
                raise Passing(self._said(error), silent=True) from None
            if error.status_code == 429 or error.status_code >= 500:
                raise Passing(self._no(error)) from None
            raise
        except n.TooManyRedirects as error:
            raise Refused(self._redirected(error)) from None
        except n.JSONDecodeError:
            raise Refused("answered with what is no JSON") from None
        except (n.InvalidURL, n.InvalidSchema, n.InvalidHeader) as error:
            raise Refused(self._said(error)) from None
        except n.SSLError as error:
            raise Refused(_of_tls(self._said(error))) from None
        except n.RequestException as error:
            raise Passing(self._said(error), silent=True) from None

    def _refusal(self, error: GrafanaException) -> Refused:
        if error.status_code == 401:
            return Unwelcome(f"{self._no(error)}; is the token or the password right?")
        response = error.response
        if isinstance(response, dict) and response.get("status") == "version-mismatch":
            return Refused(f"{_AT_ONCE} ({self._no(error)})")
        return Refused(self._no(error))

    def _no(self, error: GrafanaException) -> str:
        """The status and what was said with it."""
        response = error.response
        said = str((response.get("message") if isinstance(response, dict) else response) or "")
        if re.search(r"<(!doctype|html|head|body)\b", said, re.IGNORECASE):
            title = re.search(r"<title>([^<]*)", said, re.IGNORECASE)
            said = f"a page, {title[1].strip()!r}" if title else "a page"
        status = str(error.status_code)
        return f"{status} {self._shown(said)}".strip()

    def _redirected(self, error: n.TooManyRedirects) -> str:
        response = error.response
        where = str(response.headers.get("location", "")) if response is not None else ""
        # What follows the path may be a secret of whoever redirects.
        where = self._shown(where.partition("?")[0])
        return f"it leads elsewhere, to {where or 'nowhere'}: give the address that is meant"

    def _said(self, error: BaseException) -> str:
        """The innermost reason, which names no objects of the client's."""
        while error.__cause__ is not None or error.__context__ is not None:
            error = error.__cause__ or error.__context__ or error
        return self._shown(str(error) or type(error).__name__)

    def _shown(self, text: str) -> str:
        text = self._access.hidden(" ".join(text.split()))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _of_tls(said: str) -> str:
    hint = "; --ca names whose certificates are believed" if "verify failed" in said else ""
    return f"TLS failed: {said}{hint}"


def _api(access: Access) -> GrafanaApi:
    """The client; it is told to follow nobody elsewhere, for a POST would become a GET there."""
    parts = urlsplit(access.url)
    host = parts.hostname or ""
    api = GrafanaApi(
        access.credential,
        host=f"[{host}]" if ":" in host else host,
        port=parts.port,
        url_path_prefix=f"{parts.path.strip('/')}/".lstrip("/"),
        protocol=parts.scheme,
        verify=_readable(access.ca) or True,
        timeout=_SECONDS,
    )
    api.client.s.max_redirects = 0
    return api


def _readable(path: str) -> str:
    if path:
        Path(path).read_bytes()
    return path
