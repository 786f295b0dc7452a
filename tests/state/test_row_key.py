"""Row keys: short whatever is sent, and never the same for different values."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.model.policy import Key, KeyReader
from sidecar.state.row_key import row_key_reader

values = st.one_of(
    st.binary(max_size=8),
    st.text("0123456789:", max_size=8).map(str.encode),
    st.text("\0a", max_size=4).map(str.encode),
    st.binary(min_size=60, max_size=70),
)
request = RequestHead("GET", b"/", 1)


def row_key(*of: bytes) -> bytes:
    keys = tuple(Key(f"key-{number}", always(value), 10) for number, value in enumerate(of))
    return row_key_reader(keys)(request)


def always(value: bytes) -> KeyReader:
    return lambda _: value


@given(first=values, second=values)
def test_different_values_have_different_row_keys(first: bytes, second: bytes) -> None:
    assume(first != second)
    assert row_key(first) != row_key(second)


@given(first=st.tuples(values, values), second=st.tuples(values, values))
@example(first=(b"a", b"bc"), second=(b"ab", b"c"))
@example(first=(b"\0", b""), second=(b"", b"\0"))
@example(first=(b"a\0", b"b"), second=(b"a", b"\0b"))
@example(first=(b"x" * 70, b"y"), second=(b"x" * 69, b"xy"))
def test_different_pairs_have_different_row_keys(
    first: tuple[bytes, bytes], second: tuple[bytes, bytes]
) -> None:
    assume(first != second)
    assert row_key(*first) != row_key(*second)


@given(value=st.binary(max_size=200))
def test_the_digest_of_a_long_value_is_not_a_value(value: bytes) -> None:
    long = b"x" * 5000
    assume(value != long)
    assert row_key(value) != row_key(long)
    # Sending somebody's digest as one's own value does not make one count as them.
    assert row_key(row_key(long)) != row_key(long)


def test_a_value_of_any_size_has_a_short_row_key() -> None:
    assert len(row_key(b"x" * 64 * 1024)) == 64
    assert row_key(b"x" * 63) == b"x" * 63
    assert len(row_key(b"x" * 64 * 1024, b"y" * 64 * 1024)) == 64


def test_without_keys_every_request_has_the_same() -> None:
    read = row_key_reader(())
    assert read(request) == read(RequestHead("POST", b"/other", 1))
