from __future__ import annotations

import pytest

from sidecar.model.http import NO_FIELDS, NO_LENGTH, NO_SPECIAL, RequestHead, ResponseHead


@pytest.mark.parametrize(
    "length,chunked,body",
    [(NO_LENGTH, False, False), (0, False, False), (1, False, True), (NO_LENGTH, True, True)],
)
def test_whether_a_body_follows(length: int, chunked: bool, body: bool) -> None:
    head = RequestHead("POST", b"/", 1)
    head.content_length = length
    head.chunked = chunked
    assert head.has_body is body


@pytest.mark.parametrize("minor,kept", [(0, False), (1, True)])
def test_connections_are_kept_by_default_since_1_1(minor: int, kept: bool) -> None:
    assert RequestHead("GET", b"/", minor).keep_alive is kept
    assert ResponseHead(200, b"OK", minor).keep_alive is kept


def test_heads_share_no_list() -> None:
    one, other = RequestHead("GET", b"/", 1), RequestHead("GET", b"/", 1)
    one.lines.append(b"Accept: */*")
    assert other.lines == []


def test_what_every_empty_head_shares_is_empty() -> None:
    head = RequestHead("GET", b"/", 1)
    assert head.fields is NO_FIELDS == {}
    assert head.special is NO_SPECIAL == {}


def test_a_typo_in_an_attribute_is_an_error() -> None:
    head = ResponseHead(200, b"OK", 1)
    with pytest.raises(AttributeError):
        head.keepalive = True  # type: ignore[attr-defined]
