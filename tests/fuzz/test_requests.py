"""Every request that the sidecar lets in, llhttp reads alike; and so does the upstream."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.wire.head import HeadLimits, check_incomplete
from sidecar.wire.names import END_TO_END, REQUEST_KINDS
from tests.fuzz import llhttp, ours
from tests.fuzz.comparing import fields_of, is_part, normal, options_of, tabs_as_blanks
from tests.fuzz.messages import mutated, plain_requests, requests
from tests.fuzz.pieces import METHODS, REQUEST_SEEDS

#: Generated messages are cheap, so there are more of them than a profile asks for.
MORE = settings(max_examples=5 * settings().max_examples)
MUTANTS_AN_EXAMPLE = 50

#: What a proxy answers for itself and does not pass on as it came.
NOT_PASSED_ON = (REQUEST_KINDS.keys() | {b"x-user"}) - {
    b"host", b"content-length", b"transfer-encoding",
}  # fmt: skip


def check(data: bytes) -> ours.Request | None:
    """Hold our reading of ``data`` against llhttp's; returns ours."""
    read = ours.read_request(data)
    if read is None:
        return None
    head = read.head
    if head.method.encode() not in METHODS:
        # llhttp knows a closed set of methods, HTTP does not: the rest must still be the same.
        return check(b"POST" + data[len(head.method) :])
    theirs = llhttp.read_request(tabs_as_blanks(data, read.head_size))
    if theirs is None:
        # With content still to come llhttp may know that it is bad: the head must be good.
        assert len(data) > read.head_size, f"llhttp refuses {data!r}"
        assert not read.size, f"llhttp refuses {data!r}"
        return check(data[: read.head_size])
    assert (head.method, head.target, head.minor) == (theirs.start, theirs.target, theirs.minor)
    assert read.head_size == theirs.head_size
    assert fields_of(read.lines) == _passed_on(theirs), data
    assert theirs.keeps_alive or not head.keep_alive, data
    if not theirs.upgrades:
        # With an upgrade asked for, httptools reads no content; what we send on is held to that.
        assert (read.body.payload, read.size) == (theirs.body, theirs.size), data
        assert is_part(fields_of(read.body.trailers), theirs.trailers), data
    check_forwarded(read)
    return read


def check_forwarded(read: ours.Request) -> None:
    """What goes upstream is exactly one request: the one that was read."""
    head = read.head
    if not read.size:
        return
    sent = ours.forward_request(read)
    theirs = llhttp.read_request(sent)
    assert theirs is not None, f"llhttp refuses what is forwarded: {sent!r}"
    assert theirs.size == len(sent), sent
    assert (theirs.start, theirs.minor, theirs.body) == (head.method, 1, read.body.payload)
    assert [name for name, _ in theirs.fields].count(b"host") == 1, sent
    assert theirs.trailers == fields_of(read.body.trailers)
    names = {name.replace(b"_", b"-") for name, _ in theirs.fields}
    of_proxies = {name for name in names if name.startswith(b"x-forwarded-")}
    assert of_proxies == {b"x-forwarded-for", b"x-forwarded-proto"}, sent
    again = ours.read_request(sent, ours.NEXT)
    assert again is not None, f"a second sidecar refuses {sent!r}"
    assert (again.head.path, again.head.query) == (head.path, head.query)
    assert (again.head.host or b"upstream.example") == (head.host or b"upstream.example")


def _passed_on(theirs: llhttp.Reading) -> list[llhttp.Field]:
    """The end-to-end fields, told from llhttp's reading alone."""
    known = REQUEST_KINDS.keys() | {b"x-watched", b"x-user"}
    dropped = NOT_PASSED_ON | (options_of(theirs) - END_TO_END - known)
    return [
        normal((name, value))
        for name, value in theirs.fields
        if name not in dropped and not _is_disguised(name, known)
    ]


def _is_disguised(name: bytes, known: AbstractSet[bytes]) -> bool:
    """Whether a service may take ``name`` for one that rules refer to."""
    return name not in known and name.replace(b"_", b"-") in known


@MORE
@given(requests())
def test_what_we_accept_llhttp_reads_alike(data: bytes) -> None:
    check(data)


@given(st.integers(0, 2**32 - 1))
def test_mutants_that_we_accept_llhttp_reads_alike(seed: int) -> None:
    random = Random(seed)
    for _ in range(MUTANTS_AN_EXAMPLE):
        check(mutated(random, REQUEST_SEEDS))


@given(plain_requests())
def test_plain_requests_are_accepted(data: bytes) -> None:
    read = check(data)
    assert read is not None
    assert read.size == len(data)


@given(plain_requests())
def test_no_beginning_of_a_good_head_is_refused(data: bytes) -> None:
    for end in range(data.index(b"\r\n\r\n") + 3):
        check_incomplete(data[:end], HeadLimits())
