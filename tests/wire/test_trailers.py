"""Which trailers may pass a proxy whose rules never saw them."""

from __future__ import annotations

import pytest

from sidecar.wire.rejection import Rejected
from sidecar.wire.trailers import end_to_end_trailers


@pytest.mark.parametrize("name", [
    b"Content-Range", b"Upgrade", b"Host", b"AUTHORIZATION", b"Cookie", b"set-cookie",
    b"Content-Type", b"content-encoding", b"Connection", b"TE", b"Trailer", b"X-Forwarded-For",
    b"forwarded", b"x-sidecar-decision", b"traceparent", b"proxy-authorization", b"If-Match",
    b"cache-control", b"max-forwards", b"X-Request-Id", b"Sec-Fetch-Mode", b"expect",
    b"X_Forwarded_For", b"x_forwarded-port", b"Content_Length", b"X_Request_Id", b"set_cookie",
])  # fmt: skip
def test_what_rules_are_applied_to_is_removed(name: bytes) -> None:
    assert end_to_end_trailers(name + b": 1\r\nX-Checksum: 2") == [b"X-Checksum: 2"]


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"transfer-Encoding:", b"content-length:"])
def test_what_would_frame_the_message_again_is_refused(line: bytes) -> None:
    with pytest.raises(Rejected, match="frames"):
        end_to_end_trailers(b"X-Sum: 1\r\n" + line, {b"content-length"})


def test_identity_and_connection_fields_are_removed_by_name() -> None:
    block = b"X-User: root\r\nx-hop: 1\r\nx-note: 2"
    assert end_to_end_trailers(block, {b"x-user", b"x-hop"}) == [b"x-note: 2"]
    assert end_to_end_trailers(b"x_user: root\r\nX_Note: 2", {b"x-user"}) == [b"X_Note: 2"]
    assert end_to_end_trailers(b"x_user: root\r\nX_Note: 2", {b"x_user"}) == [b"X_Note: 2"]


@pytest.mark.parametrize(
    "line", [b"Content-Digest: sha-256=:x=:", b"ETag: 1", b"Server-Timing: a", b"grpc-status: 0"]
)
def test_what_is_made_for_the_end_is_kept(line: bytes) -> None:
    assert end_to_end_trailers(line) == [line]


def test_order_repetition_and_spelling_are_kept_and_white_space_normalised() -> None:
    block = b"B:2 \r\na: \t1\r\nB:  3\t\r\nempty:\r\nblank: "
    assert end_to_end_trailers(block) == [b"B: 2", b"a: 1", b"B: 3", b"empty:", b"blank:"]


@pytest.mark.parametrize("block", [
    b"", b"no colon", b": no name", b"name : value", b" name: value", b"a: b\r\n folded",
    b"a: b\nc: d", b"a: b\rc: d", b"a: \x00", b"a: \x7f", b"a\x80: b", b"a(b): c", b"a: b\r\n",
])  # fmt: skip
def test_what_is_no_field_line_is_refused(block: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        end_to_end_trailers(block)
    assert (caught.value.status, caught.value.reason) == (400, "bad_request")
