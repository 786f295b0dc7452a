from __future__ import annotations

import gzip
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, ProtocolError

from sidecar import __version__
from sidecar.export.item import Signal
from sidecar.export.otlp_answer import NOT_ALLOWED_SECONDS, Answer
from sidecar.export.otlp_http import HttpSender
from sidecar.export.otlp_target import OtlpTarget, target_of
from sidecar.export.settings import OtlpSettings


class Pool:
    """Stands for connections: answers what it was told to, and keeps what it was asked."""

    def __init__(self, answer: HTTPResponse | Exception) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}
        self.is_cleared = False

    def request(self, method: str, url: str, **asked: Any) -> HTTPResponse:
        self.asked = {"method": method, "url": url, **asked}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def clear(self) -> None:
        self.is_cleared = True


def response(status: int, body: bytes = b"", **fields: str) -> HTTPResponse:
    return HTTPResponse(BytesIO(body), fields, status, preload_content=False)


def target(environ: Mapping[str, str] | None = None, **headers: str) -> OtlpTarget:
    return target_of(Signal.LOGS, OtlpSettings("http://c:1", headers=headers), environ or {})


def send(
    answer: HTTPResponse | Exception, to: OtlpTarget | None = None, data: bytes = b"data"
) -> tuple[Answer, Pool]:
    sender = HttpSender(Signal.LOGS, to or target(), wall=lambda: 10.0)
    pool = Pool(answer)
    sender._pool = pool  # type: ignore[assignment] # stands for it
    return sender.send(data), pool


def test_a_request_as_the_specification_has_it() -> None:
    answer, pool = send(response(200), target(authorization="Bearer x"))
    assert answer == Answer()
    assert (pool.asked["method"], pool.asked["url"]) == ("POST", "http://c:1/v1/logs")
    assert gzip.decompress(pool.asked["body"]) == b"data"
    assert pool.asked["headers"] == {
        "authorization": "Bearer x",
        "content-encoding": "gzip",
        "content-type": "application/x-protobuf",
        "user-agent": f"sidecar/{__version__}",
    }
    assert pool.asked["redirect"] is False


def test_nothing_is_packed_when_nobody_wants_it() -> None:
    _, pool = send(response(200), target({"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}))
    assert pool.asked["body"] == b"data"
    assert "content-encoding" not in pool.asked["headers"]


@pytest.mark.parametrize("field,seconds", [("7", 7.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0)])
def test_when_to_come_back(field: str, seconds: float) -> None:
    answer, _ = send(response(429, b"busy", **{"retry-after": field}))
    assert answer == Answer(again=True, retry_after=seconds, error="429 busy")


def test_a_success_that_cannot_be_read() -> None:
    assert send(response(200, b"<html>"))[0] == Answer()
    assert send(response(204))[0] == Answer()


def test_a_web_page_is_no_collector() -> None:
    answer, _ = send(response(200, b"<html>", **{"content-type": "text/html; charset=utf-8"}))
    assert (answer.again, answer.rejected, answer.refused) == (True, 0, "")
    assert answer.retry_after == NOT_ALLOWED_SECONDS
    assert answer.error == "what answers is a text/html; charset=utf-8, and no collector"


def test_an_answer_without_end_is_not_read_to_it() -> None:
    answer, _ = send(response(500, b"x" * 10_000_000))
    assert len(answer.error) < 250


@pytest.mark.parametrize(
    "wrong",
    [
        MaxRetryError(None, "/", OSError("refused")),  # type: ignore[arg-type] # no pool
        ProtocolError("closed"),
        FileNotFoundError("ca.pem"),
    ],
)
def test_nobody_answers(wrong: Exception) -> None:
    answer, _ = send(wrong)
    assert (answer.again, answer.silent) == (True, True)
    assert type(wrong).__name__ in answer.error


def test_tls_and_patience_are_those_of_the_target() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/cert.pem",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/key.pem",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
    }
    settings = OtlpSettings("https://c:1", ca="/ca.pem")
    sender = HttpSender(Signal.LOGS, target_of(Signal.LOGS, settings, environ))
    options = sender._pool.connection_pool_kw
    assert options["ca_certs"] == "/ca.pem"
    assert (options["cert_file"], options["key_file"]) == ("/cert.pem", "/key.pem")
    assert options["timeout"].total == 2.5
    assert options["retries"].total is False


def test_closed() -> None:
    sender = HttpSender(Signal.LOGS, target())
    pool = Pool(response(200))
    sender._pool = pool  # type: ignore[assignment] # stands for it
    sender.close()
    assert pool.is_cleared
