"""For WSGI services (Flask, Django): ``app.wsgi_app = PassOn(app.wsgi_app)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sidecar.middleware.carried import FIELDS, NOTHING, carry

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class PassOn:
    """While ``app`` serves a request, ``carried()`` has what came with it."""

    def __init__(self, app: Application, fields: Iterable[str] = FIELDS) -> None:
        self._app = app
        self._names = {"HTTP_" + name.upper().replace("-", "_"): name.lower() for name in fields}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as PEP 3333 says."""
        carry({name: environ[key] for key, name in self._names.items() if key in environ})
        try:
            return _Body(self._app(environ, start_response))
        except BaseException:
            carry(NOTHING)
            raise


class _Body:
    """The answer's body: an application may make calls until its last piece was asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        """Called by the server when the request is over, however it ended."""
        carry(NOTHING)
        if (close := getattr(self._pieces, "close", None)) is not None:
            close()
