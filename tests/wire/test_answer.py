from __future__ import annotations

import h11
import pytest

from sidecar.wire.answer import write_answer

FIELDS = ((b"content-type", b"text/plain"), (b"x-degraded", b"stock"))


def read(data: bytes, method: str = "GET") -> tuple[h11.Response, bytes]:
    """The answer, as another parser understands it."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    head = parser.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := parser.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert parser.trailing_data == (b"", False)
    return head, body


@pytest.mark.parametrize("status", [200, 204, 205, 302, 304, 404, 429, 503, 599])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_is_whole_and_as_long_as_it_says(status: int, method: str) -> None:
    lines = [b"Date: now", b"Connection: keep-alive"]
    data = write_answer(status, FIELDS, b"busy", lines, head_only=method == "HEAD")
    head, body = read(data, method)
    fields = dict(head.headers)
    assert head.status_code == status
    assert fields[b"x-degraded"] == b"stock"
    assert fields[b"date"] == b"now"
    if status in (204, 304):
        assert b"content-length" not in fields
        assert body == b""
    else:
        has_content = status != 205
        assert fields[b"content-length"] == (b"4" if has_content else b"0")
        assert body == (b"busy" if has_content and method == "GET" else b"")
