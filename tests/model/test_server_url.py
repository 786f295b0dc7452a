from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sidecar.model.server_url import parse_server_url


@pytest.mark.parametrize(
    "text, url",
    [
        ("http://127.0.0.1:9200", "http://127.0.0.1:9200"),
        ("https://es.internal", "https://es.internal"),
        ("https://es.internal/", "https://es.internal"),
        ("https://proxy:8443/es/a-b/", "https://proxy:8443/es/a-b"),
        ("http://[::1]:9200", "http://[::1]:9200"),
    ],
)
def test_urls_of_servers(text: str, url: str) -> None:
    assert parse_server_url(text) == url
    assert parse_server_url(url) == url


@pytest.mark.parametrize(
    "value",
    [
        "", "es", "es:9200", "ftp://es", "unix:/run/es", "http://", "http://es:0", "http://es:",
        "http://es:99999", "http://es?x", "http://es/#x", "http://es/a b", "http://es//a",
        "http://user:word@es:9200", "http://1.2.3", None, 9200, [], True,
    ],
)  # fmt: skip
def test_what_is_no_server(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_server_url(value)
    assert caught.value.type == "bad-url"


def test_a_bare_address_is_recognised() -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_server_url("es.internal:9200")
    assert "did you mean http://es.internal:9200?" in (caught.value.context or {})["hint"]


@given(st.text(max_size=20))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for written in (text, f"http://{text}"):
        with contextlib.suppress(PydanticCustomError):
            assert parse_server_url(written).startswith(("http://", "https://"))
