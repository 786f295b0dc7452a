"""Finds the sidecar that runs here, and asks it: over its Unix socket, or over TCP with a token."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
import typer

from sidecar.admin.answers import Problem, Version
from sidecar.commands import BAD_USAGE, FAILED
from sidecar.settings import state_dirs

_SOCKET_NAME: Final = "admin.sock"
_TIMEOUT_SECONDS: Final = 5.0
_AnswerT = TypeVar("_AnswerT")


class Unreachable(Exception):  # noqa: N818 - reads as what it says
    """No sidecar answers; says in a sentence where was looked."""


class Declined(Exception):  # noqa: N818 - reads as what it says
    """The sidecar answered that it will not, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("sidecar", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which sidecar is meant."""

    socket: str = ""
    url: str = ""
    token: str = ""
    service: str = ""


class Running:
    """A sidecar that runs, to be asked."""

    def __init__(self, place: str, token: str = "", service: str = "") -> None:
        """``place`` is the path of its admin socket, or the URL of its admin port."""
        self.place = place
        #: Beside which service it is, where that is known already.
        self.service = service
        self._token = token

    def ask(self, path: str, kind: type[_AnswerT], **query: str) -> _AnswerT:
        """The answer to a question. Raises ``Unreachable`` or ``Declined``."""
        return msgspec.json.decode(self.raw("GET", path, query), type=kind)

    def tell(
        self, method: str, path: str, wish: Mapping[str, Any], kind: type[_AnswerT]
    ) -> _AnswerT:
        """The answer to a wish. Raises ``Unreachable`` or ``Declined``."""
        return msgspec.json.decode(self.raw(method, path, {}, wish), type=kind)

    def tell_by_query(
        self, method: str, path: str, query: Mapping[str, str], kind: type[_AnswerT]
    ) -> _AnswerT:
        """The same for a wish that stands in the query."""
        return msgspec.json.decode(self.raw(method, path, query), type=kind)

    def raw(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        wish: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The same as it is sent."""
        with self._answer(method, path, query, wish, _TIMEOUT_SECONDS) as answer:
            return answer.read()

    def follow(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of a stream, for as long as it lasts."""
        # Within that time there is a line, be it empty.
        with self._answer("GET", path, query, None, 30.0) as answer:
            while line := answer.readline():
                yield line

    @contextmanager
    def _answer(
        self, method: str, path: str, query: Mapping[str, str],
        wish: Mapping[str, Any] | None, timeout: float,
    ) -> Iterator[http.client.HTTPResponse]:  # fmt: skip
        connection = self._connection(timeout)
        asked = {name: value for name, value in query.items() if value}
        target = f"{path}?{urlencode(asked)}" if asked else path
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = None
        if wish is not None:
            body = msgspec.json.encode(wish)
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise Declined(_problem(answer))
            yield answer
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unreachable(f"no sidecar answers at {self.place}: {why}") from error
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if "://" not in self.place:
            return _UnixConnection(self.place, timeout)
        parts = urlsplit(self.place)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
        return http.client.HTTPConnection(parts.netloc, timeout=timeout)


def _problem(answer: http.client.HTTPResponse) -> Problem:
    try:
        return msgspec.json.decode(answer.read(), type=Problem)
    except msgspec.DecodeError:
        return Problem(title=answer.reason, status=answer.status, detail=answer.reason)


# --- finding it


def find(reach: Reach, *, steers: bool = False) -> Running:
    """The sidecar that is meant. Raises ``Unreachable``, with a list when there are several.

    ``steers``: it is about to be changed. One that was merely found on the machine, and not where
    our own keep their state, may be somebody else's and has to be named.
    """
    meant = find_all(reach)
    if len(meant) == 1:
        only = meant[0]
        if steers and not _is_named(reach) and only.place not in {*_in_state_dirs()}:
            listed = _listed({only.place: only.service})
            raise Unreachable(
                f"one runs here that may not be yours: to change it, name it\n{listed}"
            )
        return only
    listed = _listed({one.place: one.service for one in meant})
    raise Unreachable(f"several sidecars run here: name one of\n{listed}")


def find_all(reach: Reach) -> list[Running]:
    """Every sidecar that may be meant. Raises ``Unreachable`` when there is none."""
    told = reach.socket or _told(reach)
    path = Path(told)
    if reach.url:
        if not _is_url(reach.url):
            raise Unreachable(f"'{reach.url}' is no URL: write one such as http://127.0.0.1:9901")
        return [Running(reach.url, reach.token)]
    if told:
        return [Running(str(path / _SOCKET_NAME if path.is_dir() else path))]
    found = running_here()
    if not found:
        raise Unreachable("no sidecar runs here: start one with sidecar run RULES, or name one")
    meant = [Running(place, service=name) for place, name in found.items()
             if reach.service in {"", name}]  # fmt: skip
    if not meant:
        there_are = f"there are\n{_listed(found)}"
        raise Unreachable(f"no sidecar of service '{reach.service}' runs here; {there_are}")
    return meant


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _told(reach: Reach) -> str:
    """The state directory that the environment names, where nothing else is said."""
    return "" if reach.url or reach.service else os.environ.get("SIDECAR_STATE_DIR", "")


def _is_named(reach: Reach) -> bool:
    return bool(reach.socket or reach.url or reach.service or _told(reach))


def _listed(found: Mapping[str, str]) -> str:
    width = max(map(len, found.values()))
    return "\n".join(f"  {name:{width}}  --socket {place}" for place, name in found.items())


def running_here() -> dict[str, str]:
    """The admin sockets on this machine that answer us, with their services."""
    places = dict.fromkeys([*_in_state_dirs(), *_in_use()])
    found = {}
    for place in places:
        try:
            found[place] = Running(place).ask("/version", Version).service
        except (Unreachable, Declined, msgspec.DecodeError):
            continue
    return found


def _in_state_dirs() -> Iterator[str]:
    """Where sidecars keep their sockets when nobody says where."""
    for folder in state_dirs(os.environ):
        for path in sorted(folder.glob(f"*/{_SOCKET_NAME}")):
            yield str(path)


def _in_use() -> Iterator[str]:
    """The sockets of that name that the kernel knows of (Linux)."""
    try:
        lines = Path("/proc/net/unix").read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        path = line.partition("/")[2]
        if path.endswith(f"/{_SOCKET_NAME}"):
            yield f"/{path}"


# --- for commands


@contextmanager
def reached(reach: Reach, *, steers: bool = False) -> Iterator[Running]:
    """The sidecar that is meant; what goes wrong ends the command with a sentence.

    ``steers``: it is about to be changed; which one that is, is said when it was not named.
    """
    with sentences():
        running = find(reach, steers=steers)
        if steers and not _is_named(reach):
            typer.echo(f"sidecar: this is about {running.service}, at {running.place}", err=True)
        yield running


@contextmanager
def sentences() -> Iterator[None]:
    """What goes wrong ends the command with a sentence and its exit status."""
    try:
        yield
    except Unreachable as error:
        _give_up(str(error), FAILED)
    except Declined as error:
        _give_up(error.problem.detail, BAD_USAGE if error.problem.status in {404, 422} else FAILED)


def _give_up(sentence: str, status: int) -> NoReturn:
    typer.echo(f"sidecar: {sentence}", err=True)
    raise typer.Exit(status)
