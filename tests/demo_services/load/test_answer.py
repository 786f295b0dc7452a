from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_services.load.answer import (
    HEAD_BYTES_AT_MOST,
    KEPT_BODY_BYTES,
    Answer,
    AnswerReader,
    BrokenAnswer,
)

LENGTH = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;note=x\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: yes\r\n\r\n"
)
CHUNKED_BARE = b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
AFTER_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + LENGTH
EMPTY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n"


def _read(pieces: list[bytes], *, bodyless: bool = False) -> Answer:
    """The answer, which must be complete with the last piece and not before."""
    reader = AnswerReader()
    reader.expect(bodyless=bodyless)
    found = [reader.feed(piece) for piece in pieces]
    assert found[:-1] == [None] * (len(pieces) - 1)
    assert found[-1] is not None
    return found[-1]


def _cut(message: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({cut % len(message) for cut in cuts} - {0})
    return [message[a:b] for a, b in zip([0, *edges], [*edges, len(message)], strict=True)]


@pytest.mark.parametrize(
    "message,status,body",
    [
        (LENGTH, 429, b"hello"),
        (CHUNKED, 500, b"hello"),
        (CHUNKED_BARE, 400, b"hello"),
        (AFTER_HINTS, 429, b"hello"),
        (EMPTY, 503, b""),
        (NO_CONTENT, 204, b""),
    ],
)
@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_an_answer_is_the_same_however_it_is_cut(
    message: bytes, status: int, body: bytes, cuts: list[int]
) -> None:
    answer = _read(_cut(message, cuts))
    assert (answer.status, answer.body, answer.closes) == (status, body, False)


def test_one_reader_reads_one_answer_after_the_other() -> None:
    reader = AnswerReader()
    for message in (CHUNKED, LENGTH, NO_CONTENT, LENGTH):
        reader.expect(bodyless=False)
        assert reader.feed(message) is not None


def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    answer = _read([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], bodyless=True)
    assert answer.status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_it_is_noticed_that_the_server_closes(head: bytes) -> None:
    assert _read([head]).closes


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 500 Oops\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    answer = reader.end()
    assert (answer.status, answer.body, answer.closes) == (500, b"hello", True)


@pytest.mark.parametrize("message", [LENGTH, CHUNKED, AFTER_HINTS])
def test_a_connection_that_ends_early_breaks_the_answer(message: bytes) -> None:
    for length in range(len(message)):
        reader = AnswerReader()
        assert reader.feed(message[:length]) is None
        with pytest.raises(BrokenAnswer):
            reader.end()


@pytest.mark.parametrize(
    "message",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        LENGTH + b"more",
        CHUNKED + b"more",
        NO_CONTENT + b"more",
        b"HTTP/1.1 200 " + b"x" * HEAD_BYTES_AT_MOST,
    ],
)
def test_what_is_no_answer_is_broken(message: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        AnswerReader().feed(message)


def test_the_body_of_a_good_answer_is_not_kept() -> None:
    assert _read([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hello"]).body == b""


def test_of_a_long_error_only_the_beginning_is_kept() -> None:
    head = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % (2 * KEPT_BODY_BYTES)
    answer = _read([head, b"a" * KEPT_BODY_BYTES, b"b" * KEPT_BODY_BYTES])
    assert answer.body == b"a" * KEPT_BODY_BYTES


def test_fields_are_found_in_any_case_and_not_in_values() -> None:
    answer = _read([LENGTH])
    assert answer.has(b"retry-after")
    assert not answer.has(b"retry")
    assert not answer.has(b"too many requests")
