"""Messages to read: plain ones, and what people send who want two readers to disagree."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from tests.fuzz.pieces import (
    CHUNKED_BODIES,
    CRLF,
    FIELDS,
    METHODS,
    NASTY,
    ODD_CHUNKED_BODIES,
    ODD_ENDS,
    ODD_FIELDS,
    ODD_METHODS,
    ODD_STATUS_LINES,
    ODD_TARGETS,
    ODD_VERSIONS,
    RAW_BODIES,
    STATUS_LINES,
    TARGETS,
    VERSIONS,
)


def seldom(usual: list[bytes], odd: list[bytes]) -> st.SearchStrategy[bytes]:
    """One of the usual pieces; now and then an odd one."""
    return st.integers(0, 14).flatmap(lambda n: st.sampled_from(odd if n == 14 else usual))


def _framed(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Fields that say how a body is framed, and such a body."""
    framing = draw(st.sampled_from(["none", "length", "chunked", "chunked"]))
    if framing == "none":
        return [], b""
    if framing == "length":
        body = draw(st.sampled_from(RAW_BODIES))
        return [b"Content-Length: %d" % len(body)], body
    return [b"Transfer-Encoding: chunked"], draw(seldom(CHUNKED_BODIES, ODD_CHUNKED_BODIES))


def _written(draw: st.DrawFn, first: bytes, fields: list[bytes], body: bytes) -> bytes:
    ends = seldom([CRLF] * 4, ODD_ENDS) if draw(st.integers(0, 9)) == 9 else st.just(CRLF)
    head = b"".join([line + draw(ends) for line in (first, *fields, b"")])
    rest = draw(st.sampled_from([b"", b"", b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00"]))
    return head + body + rest


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request, mostly fine, sometimes odd in one place or two, and what follows it."""
    framing, body = _framed(draw)
    fields = [b"Host: shop.example", *framing]
    fields += draw(st.lists(seldom(FIELDS, ODD_FIELDS), max_size=4))
    fields = draw(st.permutations(fields))
    first = b"%b %b %b" % (
        draw(seldom(METHODS, ODD_METHODS)),
        draw(seldom(TARGETS, ODD_TARGETS)),
        draw(seldom(VERSIONS, ODD_VERSIONS)),
    )
    return _written(draw, first, fields, body)


@st.composite
def plain_requests(draw: st.DrawFn) -> bytes:
    """A request that nobody may refuse."""
    method = draw(st.sampled_from(METHODS))
    targets = [target for target in TARGETS if target != b"*" or method == b"OPTIONS"]
    framing, body = draw(st.sampled_from([
        ([], b""),
        ([b"Content-Length: 5"], b"hello"),
        *(([b"Transfer-Encoding: chunked"], chunks) for chunks in CHUNKED_BODIES),
    ]))  # fmt: skip
    fields = [
        b"Host: shop.example",
        *framing,
        *draw(st.lists(st.sampled_from(FIELDS), max_size=5, unique=True)),
    ]
    lines = [b"%b %b HTTP/1.1" % (method, draw(st.sampled_from(targets)))]
    return CRLF.join([*lines, *draw(st.permutations(fields)), b"", body])


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """A response to GET, mostly fine."""
    framing, body = _framed(draw)
    fields = [b"Date: Sun, 06 Nov 1994 08:49:37 GMT", *framing]
    fields += draw(st.lists(seldom(FIELDS, ODD_FIELDS), max_size=4))
    fields = draw(st.permutations(fields))
    return _written(draw, draw(seldom(STATUS_LINES, ODD_STATUS_LINES)), fields, body)


# --- mutations, many at a time


def mutated(random: Random, seeds: list[bytes]) -> bytes:
    """One of the seeds, changed in one to four places."""
    data = random.choice(seeds)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        to = min(len(data), at + random.choice((0, 0, 1, 1, 2, 4)))
        data = data[:at] + _replacement(random, data[at:to], seeds) + data[to:]
    return data


def _replacement(random: Random, old: bytes, seeds: list[bytes]) -> bytes:
    kind = random.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return bytes((random.randrange(256),))
    if kind == 2:
        return old + old
    if kind == 3:
        other = random.choice(seeds)
        at = random.randrange(len(other))
        return other[at : at + random.randrange(12)]
    if kind == 4:
        return CRLF + random.choice(FIELDS + ODD_FIELDS) + CRLF
    return random.choice(NASTY)
