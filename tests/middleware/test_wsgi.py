from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from sidecar.middleware.carried import carried
from sidecar.middleware.wsgi import Environ, PassOn, StartResponse


def _start_response(*_: object) -> None:
    raise AssertionError("no answer is begun")


def _serve(app: PassOn, environ: Environ) -> Iterable[bytes]:
    return app(environ, _start_response)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    assert close is not None
    close()


def test_the_fields_that_matter_are_carried_until_the_request_is_over() -> None:
    def app(_environ: Environ, _start: StartResponse) -> Iterator[bytes]:
        # Runs while the server takes the body, after the application was called.
        yield repr(sorted(carried().items())).encode()

    environ = {"HTTP_TRACEPARENT": "a", "HTTP_X_REQUEST_PRIORITY": "high", "HTTP_COOKIE": "c"}
    body = _serve(PassOn(app), environ)
    [text] = list(body)
    assert text == b"[('traceparent', 'a'), ('x-request-priority', 'high')]"
    assert carried()
    _close(body)
    assert carried() == {}


def test_the_applications_own_body_is_closed() -> None:
    closed: list[bool] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            closed.append(True)

    body = _serve(PassOn(lambda *_: pieces()), {})
    assert next(iter(body)) == b"one"
    _close(body)
    assert closed == [True]


def test_a_body_without_an_end_of_its_own_is_fine() -> None:
    body = _serve(PassOn(lambda *_: [b"x"], ["x-tenant"]), {"HTTP_X_TENANT": "t"})
    assert carried() == {"x-tenant": "t"}
    assert list(body) == [b"x"]
    _close(body)
    assert carried() == {}


def test_a_failing_application_leaves_nothing_behind() -> None:
    def app(_environ: Environ, _start: StartResponse) -> Iterable[bytes]:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        _serve(PassOn(app), {"HTTP_TRACEPARENT": "a"})
    assert carried() == {}
