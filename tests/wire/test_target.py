"""Request targets in their four forms, and what may stand in Host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.rejection import Rejected
from sidecar.wire.target import split_target, valid_host


@pytest.mark.parametrize("method, target, expected", [
    ("GET", b"/", (None, None, b"/", b"")),
    ("GET", b"/a/b?c=d&e", (None, None, b"/a/b", b"c=d&e")),
    ("GET", b"/a?", (None, None, b"/a", b"")),
    ("GET", b"/a?b?c/d", (None, None, b"/a", b"b?c/d")),
    ("GET", b"/?{a}=|b|&c[]=^`\"<'>\\", (None, None, b"/", b"{a}=|b|&c[]=^`\"<'>\\")),
    ("GET", b"//host/a", (None, None, b"//host/a", b"")),
    ("GET", b"/http://host/", (None, None, b"/http://host/", b"")),
    ("GET", b"/%zz\xff", (None, None, b"/%zz\xff", b"")),  # for read_path to refuse
    ("OPTIONS", b"*", (None, None, b"*", b"")),
    ("OPTIONS", b"/a", (None, None, b"/a", b"")),
    ("GET", b"http://example.com", (b"http", b"example.com", b"/", b"")),
    ("GET", b"http://example.com/", (b"http", b"example.com", b"/", b"")),
    ("GET", b"http://example.com?q", (b"http", b"example.com", b"/", b"q")),
    ("GET", b"http://example.com/a?q=/", (b"http", b"example.com", b"/a", b"q=/")),
    ("GET", b"http://example.com?q=/@:", (b"http", b"example.com", b"/", b"q=/@:")),
    ("GET", b"HTTPS://[::1]:443/a", (b"https", b"[::1]:443", b"/a", b"")),
    ("GET", b"hTtP://H//a", (b"http", b"H", b"//a", b"")),
    ("OPTIONS", b"http://example.com:80", (b"http", b"example.com:80", b"*", b"")),
    ("OPTIONS", b"http://example.com/", (b"http", b"example.com", b"/", b"")),
    ("OPTIONS", b"http://example.com?q", (b"http", b"example.com", b"/", b"q")),
])  # fmt: skip
def test_taken_apart(
    method: str, target: bytes, expected: tuple[bytes | None, bytes | None, bytes, bytes]
) -> None:
    assert split_target(method, target) == expected


@pytest.mark.parametrize("method, target", [
    ("GET", b""), ("GET", b"*"), ("POST", b"*"), ("OPTIONS", b"**"), ("OPTIONS", b"*?q"),
    ("GET", b"a/b"), ("GET", b"?q"), ("GET", b"example.com"), ("GET", b"example.com:443"),
    ("GET", b"ftp://h/"), ("GET", b"ws://h/"), ("GET", b"http:/h/"), ("GET", b"http:h"),
    ("GET", b"http:///a"), ("GET", b"http://"), ("GET", b"http://:80/"), ("GET", b"http://?q"),
    ("GET", b"http://u@h/"), ("GET", b"http://u:p@h/"), ("GET", b"http://@h/"),
    ("GET", b"http://a b/"), ("GET", b"http://h:80a/"), ("GET", b"http://h\\@x/"),
    ("GET", b"http://h#f"), ("GET", b"http://h,i/"), ("GET", b"http://[::1/"),
    ("GET", b"xhttp://h/"), ("GET", b" http://h/"), ("GET", b"/a?b#c"), ("GET", b"/?\x00"),
    ("GET", b"/?a b"), ("GET", b"/?\x7f"), ("GET", b"/?\xc3\xbc"), ("GET", b"http://h/?#"),
    ("GET", b"http://h/?\xff"), ("GET", b"://h/"), ("GET", b"http//h://x"),
])  # fmt: skip
def test_refused(method: str, target: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        split_target(method, target)
    assert (caught.value.status, caught.value.reason) == (400, "bad_request")
    assert "RFC" in caught.value.detail


@pytest.mark.parametrize("target", [b"example.com:443", b"/", b"*", b"http://h/"])
def test_connect_is_not_supported_whatever_its_target(target: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        split_target("CONNECT", target)
    assert (caught.value.status, caught.value.reason) == (405, "method_not_supported")


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_nothing_of_an_accepted_target_is_lost(path: bytes, query: bytes) -> None:
    target = b"/" + path.replace(b"?", b"") + b"?" + query
    try:
        parts = split_target("GET", target)
    except Rejected:
        return
    assert parts[:2] == (None, None)
    assert parts[2] + b"?" + parts[3] == target
    assert query.isascii()
    assert not set(query) & {*range(0x21), 0x7F, ord("#")}


@pytest.mark.parametrize("value", [
    b"example.com", b"EXAMPLE.com", b"localhost:8080", b"127.0.0.1", b"127.0.0.1:9000", b"a",
    b"a_b-c.d~e", b"example.com.", b"h:", b"h:0", b"h:59999", b"h:60000", b"h:65535", b"h:00080",
    b"[::1]", b"[::1]:80", b"[::1]:", b"[2001:DB8::7]:65535", b"[::ffff:1.2.3.4]", b"[::]",
    b"xn--bcher-kva.example",
])  # fmt: skip
def test_valid_hosts(value: bytes) -> None:
    assert valid_host(value)


@pytest.mark.parametrize("value", [
    b"", b":", b":80", b" ", b"a b", b" a", b"a ", b"a\t", b"a,b", b"a;b", b"a/b", b"a?b", b"a#b",
    b"a@b", b"u:p@h", b"a\\b", b"a%41", b"a%00", b"a\x00", b"a\n", b"a\x7f", b"b\xc3\xbccher",
    b"a!b", b"a$b", b"a'b", b"a(b)", b"a*", b"a+b", b"a=b", b'"a"', b"<a>", b"a|b",
    b"h:65536", b"h:99999", b"h:000080", b"h:8a", b"h:+80", b"h:-1", b"h: 80", b"h:80 ",
    b"h:80:90", b"::1", b"h::", b"[]", b"[::1", b"::1]", b"[::1]80", b"[::1]:x", b"[::1]:65536",
    b"[::1]]", b"[[::1]]", b"[::1%25eth0]", b"[::1%eth0]", b"[v1.a]", b"[1.2.3.4]", b"[:::]",
    b"[1::2::3]", b"[12345::]", b"[::1]:80:80", b"[ ::1]", b"[example.com]", b"a[::1]",
])  # fmt: skip
def test_invalid_hosts(value: bytes) -> None:
    assert not valid_host(value)


@given(st.integers(min_value=0, max_value=99999))
def test_ports_are_16_bit_numbers(port: int) -> None:
    assert valid_host(b"host:%d" % port) == (port <= 65535)
    assert valid_host(b"[::1]:%d" % port) == (port <= 65535)
