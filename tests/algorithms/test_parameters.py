from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.parameters import query_reader
from sidecar.model.http import RequestHead


def _request(query: bytes) -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.query = query
    return head


@pytest.mark.parametrize(
    "query, value",
    [
        (b"", b""),
        (b"p=1", b"1"),
        (b"q=2&p=1&p=3", b"1"),
        (b"pp=1", b""),
        (b"p", b""),
        (b"p=a+b%20c", b"a b c"),
        (b"%70=1&x=%", b"1"),
    ],
)
def test_the_first_value_of_a_parameter(query: bytes, value: bytes) -> None:
    assert query_reader(b"p")(_request(query)) == value


@given(
    st.dictionaries(st.text("ab c&=+%é", min_size=1, max_size=4), st.text(max_size=5), max_size=5)
)
def test_what_a_client_library_encodes_is_read_back(parameters: dict[str, str]) -> None:
    request = _request(urlencode(parameters).encode())
    for name, value in parameters.items():
        assert query_reader(name.encode())(request) == value.encode()
