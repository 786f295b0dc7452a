"""Chunked framing: one meaning, whatever the split; everything doubtful refused."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.chunked import ChunkedDecoder, encode_chunk, last_chunk
from sidecar.wire.rejection import Rejected

REFUSED = "refused"
Result = tuple[bytes, bool, bytes, list[bytes]] | str


def decode(pieces: list[bytes], decoder: ChunkedDecoder | None = None) -> Result:
    """Payload, done, rest and trailers; or that it was refused."""
    decoder = decoder or ChunkedDecoder()
    try:
        payload = b"".join([decoder.feed(piece) for piece in pieces])
    except Rejected:
        return REFUSED
    assert decoder.total == len(payload)
    return payload, decoder.done, decoder.rest, decoder.trailers


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """``data`` cut at these places (taken modulo its length)."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]


def naive(data: bytes) -> Result:
    """The grammar of RFC 9112, 7.1 read slowly, for messages without trailers and extensions."""
    payload = b""
    while True:
        line, crlf, data = data.partition(b"\r\n")
        text = line.decode("latin-1")
        if not crlf or not 0 < len(text) <= 15 or set(text) - set(string.hexdigits):
            return REFUSED
        size = int(text, 16)
        if size == 0:
            return (payload, True, data[2:], []) if data[:2] == b"\r\n" else REFUSED
        payload += data[:size]
        if data[size : size + 2] != b"\r\n":
            return REFUSED
        data = data[size + 2 :]


# --- what is accepted

ACCEPTED: list[tuple[bytes, Result]] = [
    (b"0\r\n\r\n", (b"", True, b"", [])),
    (b"5\r\nhello\r\n0\r\n\r\n", (b"hello", True, b"", [])),
    (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", (b"hello world", True, b"GET /", [])),
    (b"00000000000000A\r\n0123456789\r\n000\r\n\r\n", (b"0123456789", True, b"", [])),
    (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", (b"\r\n\r\n", True, b"", [])),
    (b'2;a;b=c;d="e \\" ;\t";f=""\r\nok\r\n0;end\r\n\r\n', (b"ok", True, b"", [])),
    (b"0\r\nX-Sum: 1\r\nx-note:  a\tb \r\n\r\nrest", (b"", True, b"rest",
                                                      [b"X-Sum: 1", b"x-note: a\tb"])),
    (b"0\r\nempty:\r\n\r\n", (b"", True, b"", [b"empty:"])),
    (b"5\r\nhel", (b"hel", False, b"", [])),
    (b"5\r\nhello\r", (b"hello", False, b"", [])),
    (b"5\r\nhello\r\n0\r\nx: y\r\n", (b"hello", False, b"", [])),
    (b"", (b"", False, b"", [])),
]  # fmt: skip


@pytest.mark.parametrize("data, expected", ACCEPTED)
def test_accepted_at_every_split(data: bytes, expected: Result) -> None:
    assert decode([data]) == expected
    assert decode([data[i : i + 1] for i in range(len(data))]) == expected
    for at in range(len(data) + 1):
        assert decode([data[:at], data[at:]]) == expected


# --- what is refused

MALFORMED = [
    # sizes that int() would take
    b"+5\r\nhello\r\n", b"-5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"0X5\r\nhello\r\n",
    b"5_0\r\nhello\r\n", b" 5\r\nhello\r\n", b"5 \r\nhello\r\n", b"5\t\r\nhello\r\n",
    b"\t5\r\nhello\r\n", b"5h\r\nhello\r\n", b"5.0\r\nhello\r\n", b"\xb2\r\nhello\r\n",
    # none, or too long
    b"\r\nhello\r\n", b";a\r\nhello\r\n", b"0000000000000005\r\nhello\r\n",
    b"10000000000000000\r\nhello\r\n", b"ffffffffffffffff5\r\nhello\r\n",
    # line ends
    b"5\nhello\r\n", b"5\rhello\r\n", b"5\r\r\nhello\r\n", b"5\n\r\nhello\r\n",
    b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n", b"5\r\nhello\r\r\n0\r\n\r\n",
    b"0\n\n", b"0\r\n\n", b"0\r\n\rX", b"\n0\r\n\r\n",
    # data longer or shorter than it says
    b"5\r\nhello0\r\n\r\n", b"5\r\nhell\r\n0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n",
    # extensions
    b"5;\r\nhello\r\n", b"5;;\r\nhello\r\n", b"5; a\r\nhello\r\n", b"5 ;a\r\nhello\r\n",
    b"5;a=\r\nhello\r\n", b"5;a =b\r\nhello\r\n", b"5;a= b\r\nhello\r\n", b"5;=b\r\nhello\r\n",
    b'5;a="b\r\nhello\r\n', b'5;a="\r\n"\r\nhello\r\n', b'5;a="b"c\r\nhello\r\n',
    b'5;a="\\"\r\nhello\r\n', b'5;a="\xff"\r\nhello\r\n', b"5;a\x00\r\nhello\r\n",
    b"5;a\nb\r\nhello\r\n", b"5;a=b,c\r\nhello\r\n", b"5\x00\r\nhello\r\n",
    b"5;" + b"a" * 255 + b"\r\nhello\r\n", b"5;" + b"a" * 300,
    # trailers
    b"0\r\nno colon\r\n\r\n", b"0\r\n: value\r\n\r\n", b"0\r\nname : value\r\n\r\n",
    b"0\r\n name: value\r\n\r\n", b"0\r\na: b\r\n folded\r\n\r\n", b"0\r\na: b\r\n\tfold\r\n\r\n",
    b"0\r\na: b\nc: d\r\n\r\n", b"0\r\na: b\rc: d\r\n\r\n", b"0\r\na: b\x00\r\n\r\n",
    b"0\r\na: \x7f\r\n\r\n", b"0\r\na\x80: b\r\n\r\n", b"0\r\na: b\n\r\n\r\n",
    b"0\r\n\r\r\n\r\n", b"0\r\na: b\r\n\n",
]  # fmt: skip


@pytest.mark.parametrize("data", MALFORMED)
def test_refused_at_every_split(data: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        ChunkedDecoder().feed(data)
    assert (caught.value.status, caught.value.reason) == (400, "bad_request")
    assert "RFC" in caught.value.detail
    assert decode([data[i : i + 1] for i in range(len(data))]) == REFUSED
    for at in range(len(data) + 1):
        assert decode([data[:at], data[at:]]) == REFUSED


@pytest.mark.parametrize("beginning", [
    b"5\n", b"5\rx", b"0\r\n\n", b"0\r\na: b\n", b"3\r\nabc\n", b"3\r\nabcd", b"x", b"+", b"5 ",
    b"5\r\r", b"\n", b"0" * 16, b"g;a=b",
])  # fmt: skip
def test_what_cannot_become_good_is_refused_at_once(beginning: bytes) -> None:
    assert decode([beginning]) == REFUSED


# --- limits


def test_body_limit_counts_declared_bytes_before_they_arrive() -> None:
    assert decode([b"5\r\nhello\r\n0\r\n\r\n"], ChunkedDecoder(max_body=5))[0] == b"hello"
    with pytest.raises(Rejected) as caught:
        ChunkedDecoder(max_body=5).feed(b"2\r\nhe\r\n4\r\n")
    assert (caught.value.status, caught.value.reason) == (413, "body_too_large")


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_trailer_limit(step: int) -> None:
    within = b"0\r\nx: " + b"y" * 97 + b"\r\n\r\n"
    beyond = b"0\r\nx: " + b"y" * 98 + b"\r\n\r\n"
    for data, accepted in ((within, True), (beyond, False), (beyond[:-4] + b"y" * 900, False)):
        decoder = ChunkedDecoder(limit_trailer_bytes=100)
        pieces = [data[i : i + step] for i in range(0, len(data), step)]
        if accepted:
            assert decode(pieces, decoder) == (b"", True, b"", [b"x: " + b"y" * 97])
        else:
            with pytest.raises(Rejected) as caught:
                [decoder.feed(piece) for piece in pieces]
            assert (caught.value.status, caught.value.reason) == (431, "head_too_large")


def test_size_line_limit() -> None:
    longest = b"5;" + b"a" * 254
    assert decode([longest + b"\r\nhello\r\n0\r\n\r\n"]) == (b"hello", True, b"", [])
    assert decode([longest + b"a\r\nhello\r\n0\r\n\r\n"]) == REFUSED
    assert decode([longest]) == (b"", False, b"", [])
    assert decode([longest + b"\r"]) == (b"", False, b"", [])
    assert decode([longest + b"aa"]) == REFUSED


def test_extensions_are_bounded_over_the_message() -> None:
    chunk = b"1;" + b"a" * 199 + b"\r\nx\r\n"
    decoder = ChunkedDecoder()
    assert decoder.feed(chunk * 81) == b"x" * 81
    with pytest.raises(Rejected, match="extensions"):
        decoder.feed(chunk)


# --- trailers


def test_trailers_that_rules_never_saw_are_removed() -> None:
    decoder = ChunkedDecoder(drop_trailers={b"x-user"})
    body = b"0\r\nX-User: root\r\nHost: other\r\nX-Checksum: 2\r\n\r\n"
    assert decode([body], decoder) == (b"", True, b"", [b"X-Checksum: 2"])


# --- the middle of a large chunk


def test_a_read_within_a_chunk_is_handed_on_as_it_is() -> None:
    decoder = ChunkedDecoder()
    decoder.feed(b"fffff\r\n")
    piece = b"x" * 4096
    assert decoder.feed(piece) is piece
    assert decoder.total == 4096


def test_a_chunk_that_ends_with_a_read() -> None:
    decoder = ChunkedDecoder()
    decoder.feed(b"4\r\n")
    piece = b"xxxx"
    assert decoder.feed(piece) is piece
    assert decoder.feed(b"\r\n0\r\n\r\n") == b""
    assert decoder.done


def test_bytes_after_the_end_all_go_to_rest() -> None:
    decoder = ChunkedDecoder()
    decoder.feed(b"0\r\n\r\nGET ")
    assert decoder.feed(b"/ HTTP") == b""
    assert decoder.rest == b"GET / HTTP"


# --- properties

payloads = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
cuts = st.lists(st.integers(min_value=0, max_value=1 << 16), max_size=20)
trailer_lines = st.lists(
    st.tuples(
        st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=10),
        st.text(string.ascii_letters + ' ,;="', max_size=10),
    ).map(lambda pair: f"x-{pair[0]}: {pair[1].strip()}".strip().encode()),
    max_size=3,
)


@given(payloads, trailer_lines, st.binary(max_size=10), cuts)
def test_what_is_encoded_decodes_to_itself_at_any_split(
    pieces: list[bytes], trailers: list[bytes], rest: bytes, places: list[int]
) -> None:
    trailers = [line for line in trailers if not line.startswith(b"x-sidecar-")]
    data = b"".join(map(encode_chunk, pieces)) + last_chunk(trailers) + rest
    assert decode(cut(data, places)) == (b"".join(pieces), True, rest, trailers)


@given(
    st.lists(st.sampled_from([
        b"0", b"1", b"5", b"a", b"\r\n", b"\r\n", b"\r", b"\n", b"0\r\n", b"2\r\nab\r\n", b";x",
        b";x=y", b" ", b"x: y", b"host: z", b"\x00", b"ab", b"0\r\n\r\n", b"+", b"0x",
    ]), max_size=12).map(b"".join),
    cuts,
)  # fmt: skip
def test_any_bytes_mean_the_same_at_any_split(data: bytes, places: list[int]) -> None:
    whole = decode([data])
    assert decode(cut(data, places)) == whole
    assert decode([data[i : i + 1] for i in range(len(data))]) == whole


@given(
    st.lists(st.sampled_from([
        b"0", b"1", b"A", b"\r\n", b"\r\n", b"1\r\nx\r\n", b"2\r\nab\r\n", b"x", b"0\r\n\r\n",
    ]), max_size=9).map(b"".join)
)  # fmt: skip
def test_complete_messages_agree_with_a_naive_reading(data: bytes) -> None:
    message = data + b"0\r\n\r\n"
    result, expected = decode([message]), naive(message)
    if REFUSED in (result, expected):
        # A message that ended in trailers, or not at all, is beyond the naive reading.
        assert result == expected or (not isinstance(result, str) and (result[3] or not result[1]))
    else:
        assert result == expected


def test_an_empty_payload_is_no_chunk() -> None:
    assert encode_chunk(b"") == b""


def test_the_framing_that_is_written() -> None:
    assert encode_chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert last_chunk() == b"0\r\n\r\n"
    assert last_chunk([b"a: b", b"c: d"]) == b"0\r\na: b\r\nc: d\r\n\r\n"
