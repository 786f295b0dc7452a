"""Every response that the sidecar lets through, llhttp reads alike; and so does the client."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.wire.names import END_TO_END, RESPONSE_KINDS
from tests.fuzz import llhttp, ours
from tests.fuzz.comparing import fields_of, is_part, normal, options_of, tabs_as_blanks
from tests.fuzz.messages import mutated, responses
from tests.fuzz.pieces import RESPONSE_SEEDS

#: Generated messages are cheap, so there are more of them than a profile asks for.
MORE = settings(max_examples=5 * settings().max_examples)
MUTANTS_AN_EXAMPLE = 50

#: What a proxy answers for itself and does not pass on as it came.
NOT_PASSED_ON = RESPONSE_KINDS.keys() - {b"content-length", b"date"}


def check(data: bytes) -> ours.Response | None:
    """Hold our reading of ``data`` against llhttp's; returns ours."""
    read = ours.read_response(data)
    if read is None or read.head.status == 101:
        return None
    if 103 < read.head.status < 200:
        # llhttp gives content to interim responses that it does not know by their number; none
        # has any (RFC 9110, 15.2). The rest must still be the same.
        return check(data[:9] + b"103" + data[12:])
    theirs = llhttp.read_response(tabs_as_blanks(data, read.head_size))
    if theirs is None:
        # With content still to come llhttp may know that it is bad: the head must be good.
        assert len(data) > read.head_size, f"llhttp refuses {data!r}"
        assert not read.size, f"llhttp refuses {data!r}"
        return check(data[: read.head_size])
    head = read.head
    assert (str(head.status), head.minor) == (theirs.start, theirs.minor)
    assert read.head_size == theirs.head_size
    dropped = NOT_PASSED_ON | (options_of(theirs) - END_TO_END - RESPONSE_KINDS.keys())
    passed_on = [normal(pair) for pair in theirs.fields if pair[0] not in dropped]
    assert fields_of(head.lines) == passed_on, data
    assert theirs.keeps_alive or not (head.keep_alive and read.size), data
    assert (read.body.payload, read.size) == (theirs.body, theirs.size), data
    assert is_part(fields_of(read.body.trailers), theirs.trailers), data
    check_forwarded(read)
    return read


def check_forwarded(read: ours.Response) -> None:
    """What the client gets is exactly one response: the one that was read."""
    if not read.size:
        return
    sent = ours.forward_response(read)
    theirs = llhttp.read_response(sent)
    assert theirs is not None, f"llhttp refuses what is forwarded: {sent!r}"
    assert theirs.size == len(sent), sent
    assert (theirs.start, theirs.minor) == (str(read.head.status), 1)
    assert theirs.body == read.body.payload
    assert theirs.trailers == fields_of(read.body.trailers)


@MORE
@given(responses())
def test_what_we_accept_llhttp_reads_alike(data: bytes) -> None:
    check(data)


@given(st.integers(0, 2**32 - 1))
def test_mutants_that_we_accept_llhttp_reads_alike(seed: int) -> None:
    random = Random(seed)
    for _ in range(MUTANTS_AN_EXAMPLE):
        check(mutated(random, RESPONSE_SEEDS))
