"""What a field's name says is to be done with it, in any spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.names import (
    END_TO_END,
    REQUEST_KINDS,
    RESPONSE_KINDS,
    SPECIAL_FROM,
    SPECIAL_TO,
    Kind,
    NameTable,
    is_token,
)
from sidecar.wire.rejection import Rejected

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("byte", range(256))
def test_a_token_is_made_of_the_bytes_that_the_grammar_has(byte: int) -> None:
    one = bytes((byte,))
    assert is_token(one) == (one in TOKEN)
    assert is_token(b"a" + one + b"b") == (one in TOKEN)


def test_nothing_is_no_token() -> None:
    assert not is_token(b"")


@pytest.mark.parametrize("name, kind", [
    (b"Host", Kind.HOST), (b"host", Kind.HOST), (b"HOST", Kind.HOST), (b"hOsT", Kind.HOST),
    (b"Content-Length", Kind.CONTENT_LENGTH), (b"TRANSFER-encoding", Kind.TRANSFER_ENCODING),
    (b"X-Other", Kind.PLAIN), (b"Hosts", Kind.PLAIN), (b"X_Other", Kind.PLAIN),
    (b"Proxy-Connection", Kind.HOP_BY_HOP), (b"http2-settings", Kind.HOP_BY_HOP),
    (b"X-Sidecar-Decision", Kind.OWN), (b"Via", Kind.VIA),
])  # fmt: skip
def test_a_name_is_told_in_any_spelling(name: bytes, kind: Kind) -> None:
    table = NameTable(REQUEST_KINDS)
    assert table[name] == kind
    assert table[name] == kind, "as told the first time"


@pytest.mark.parametrize("name", [b"", b"a b", b"a ", b" a", b"a\x00", b"a\xe9", b"a(", b"Host "])
def test_what_is_no_name_is_refused_each_time(name: bytes) -> None:
    table = NameTable(REQUEST_KINDS)
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            table[name]
        assert caught.value.status == 400
    assert name not in table


def test_rules_have_names_watched_and_removed() -> None:
    table = NameTable(REQUEST_KINDS, watched=[b"x-plan", b"host"], removed=[b"x-user", b"via"])
    assert table[b"X-Plan"] == Kind.WATCHED
    assert table[b"X-User"] == Kind.HOP_BY_HOP
    # What the proxy itself needs to see it sees, whatever rules refer to.
    assert (table[b"Host"], table[b"Via"]) == (Kind.HOST, Kind.VIA)


@pytest.mark.parametrize("name, kind", [
    (b"X-Forwarded-Port", Kind.X_FORWARDED_OTHER), (b"x_forwarded-prefix", Kind.X_FORWARDED_OTHER),
    (b"X-Forwarded-", Kind.X_FORWARDED_OTHER), (b"X-Forwarded-For", Kind.X_FORWARDED_FOR),
    (b"X-Forwarded", Kind.PLAIN), (b"X-Forwardedness", Kind.PLAIN),
])  # fmt: skip
def test_what_proxies_tell_of_a_client_is_a_family(name: bytes, kind: Kind) -> None:
    assert NameTable(REQUEST_KINDS)[name] == kind
    assert NameTable(RESPONSE_KINDS)[name] == Kind.PLAIN


@pytest.mark.parametrize("name", [
    b"X_User", b"x_plan", b"X_PLAN", b"Content_Length", b"Transfer_Encoding", b"X_Forwarded_For",
    b"x-forwarded_for", b"X_Request-Id", b"X_Sidecar_Decision", b"Odd-Name", b"odd-Name",
])  # fmt: skip
def test_what_a_service_may_take_for_another_name_goes_no_further(name: bytes) -> None:
    """CGI and WSGI have one spelling for ``-`` and ``_``."""
    table = NameTable(REQUEST_KINDS, watched=[b"x-plan", b"odd_name"], removed=[b"x-user"])
    assert table[name] == Kind.HOP_BY_HOP
    assert table[b"odd_name"] == Kind.WATCHED
    assert NameTable(RESPONSE_KINDS)[name] in {Kind.PLAIN, Kind.OWN}


def test_what_is_removed_is_not_watched() -> None:
    table = NameTable(REQUEST_KINDS, watched=[b"x-user"], removed=[b"x-user"])
    assert table[b"x-user"] == Kind.HOP_BY_HOP


def test_connection_may_not_remove_what_matters_end_to_end() -> None:
    table = NameTable(REQUEST_KINDS, watched=[b"x-plan"], removed=[b"x-user"])
    assert table.kept >= END_TO_END | REQUEST_KINDS.keys() | {b"x-plan", b"x-user"}
    assert b"x-hop" not in table.kept
    assert {
        b"authorization",
        b"cookie",
        b"host",
        b"content-length",
        b"x-forwarded-for",
    } < table.kept


def test_special_kinds_are_those_that_the_proxy_rewrites() -> None:
    special = {name for name, kind in REQUEST_KINDS.items() if SPECIAL_FROM <= kind <= SPECIAL_TO}
    assert special == {
        b"x-forwarded-for", b"forwarded", b"x-forwarded-proto", b"x-forwarded-host",
        b"x-request-id", b"traceparent", b"tracestate", b"via", b"max-forwards", b"x-forwarded-",
        b"x-sidecar-trace",
    }  # fmt: skip
    answered = {name for name, kind in RESPONSE_KINDS.items() if SPECIAL_FROM <= kind <= SPECIAL_TO}
    assert answered == {b"x-sidecar-trace"}


def test_names_are_kept_in_lower_case() -> None:
    for names in (REQUEST_KINDS, RESPONSE_KINDS, END_TO_END):
        assert all(name == name.lower() and is_token(name) for name in names)


def test_a_stranger_fills_no_memory_with_names() -> None:
    table = NameTable(REQUEST_KINDS)
    for number in range(10_000):
        assert table[b"x-%d" % number] == Kind.PLAIN
    assert len(table) <= 4096
    assert table[b"Host"] == Kind.HOST
    table = NameTable(REQUEST_KINDS)
    assert table[b"x" * 60_000] == Kind.PLAIN
    assert len(table) == 0


@given(st.sampled_from(sorted(REQUEST_KINDS)), st.data())
def test_spelling_is_nothing(name: bytes, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    spelling = bytes(
        one & ~0x20 if up and 0x61 <= one <= 0x7A else one
        for one, up in zip(name, upper, strict=True)
    )
    assert NameTable(REQUEST_KINDS)[spelling] == REQUEST_KINDS[name]
