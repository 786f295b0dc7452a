"""How llhttp, the parser of Node.js, reads a message: byte by byte, strict, until its first end."""

from __future__ import annotations

from dataclasses import dataclass, field

from httptools import (
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
    HttpResponseParser,
)

Field = tuple[bytes, bytes]


@dataclass
class Reading:
    """One message as llhttp saw it."""

    #: The request's method, or the response's status.
    start: str = ""
    target: bytes = b""
    minor: int = 1
    fields: list[Field] = field(default_factory=list)
    trailers: list[Field] = field(default_factory=list)
    body: bytes = b""
    keeps_alive: bool = False
    upgrades: bool = False
    head_size: int = 0
    #: Bytes of the whole message; 0 while it is incomplete.
    size: int = 0


class _Listener:
    """Collects what httptools calls back with."""

    parser: HttpRequestParser | HttpResponseParser

    def __init__(self) -> None:
        self.reading = Reading()
        self.head_read = False
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.reading.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        fields = self.reading.trailers if self.head_read else self.reading.fields
        fields.append((name.lower(), value.replace(b"\t", b" ").strip()))

    def on_headers_complete(self) -> None:
        # Asked here: with the end of the message llhttp forgets.
        self.head_read = True
        self.reading.keeps_alive = self.parser.should_keep_alive()
        self.reading.upgrades = self.parser.should_upgrade()
        self.reading.minor = int(self.parser.get_http_version()[-1])
        if isinstance(self.parser, HttpRequestParser):
            self.reading.start = self.parser.get_method().decode("ascii")
        else:
            self.reading.start = str(self.parser.get_status_code())

    def on_body(self, body: bytes) -> None:
        self.reading.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def read_request(data: bytes) -> Reading | None:
    """The first request in ``data``, complete or not; None when llhttp refuses it."""
    listener = _Listener()
    listener.parser = HttpRequestParser(listener)
    return _read(data, listener)


def read_response(data: bytes) -> Reading | None:
    """The same for a response to a request that was not HEAD."""
    listener = _Listener()
    listener.parser = HttpResponseParser(listener)
    return _read(data, listener)


def _read(data: bytes, listener: _Listener) -> Reading | None:
    reading = listener.reading
    feed = listener.parser.feed_data
    for at in range(len(data)):
        try:
            feed(data[at : at + 1])
        except HttpParserUpgrade:
            listener.complete = True
        except HttpParserError:
            return None
        if listener.head_read and not reading.head_size:
            reading.head_size = at + 1
        if listener.complete:
            reading.size = at + 1
            break
    return reading
