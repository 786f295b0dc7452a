"""The path read once: one spelling of every path, and no way round it."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.wire.path import read_path
from sidecar.wire.rejection import Rejected


def read(raw: bytes) -> bytes:
    return read_path(raw, keep_escaped_slash=False)


@pytest.mark.parametrize("raw", [
    b"/", b"/orders/7", b"/a//b/", b"//", b"///x", b"/a.b/c.d.", b"/.hidden", b"/a/...", b"/..a",
    b"/~user/-_.!$&'()*+,;=:@", b"/%C3%BC", b"/100%25", b"/%252e%252e/x", b"/%3F%23%20",
    b"/.well-known/acme", b"/a;v=1/b", b"/a..b/..c",
])  # fmt: skip
def test_a_path_in_its_one_spelling_stays_the_same_object(raw: bytes) -> None:
    assert read(raw) == raw


def test_nothing_is_copied_when_there_is_nothing_to_do() -> None:
    raw = b"/orders/7/items"
    assert read(raw) is raw


@pytest.mark.parametrize("raw, expected", [
    # escapes of unreserved characters
    (b"/%61%5A%30%2d%2E%5f%7e", b"/aZ0-._~"),
    (b"/adm%69n", b"/admin"),
    # other escapes
    (b"/%c3%bc", b"/%C3%BC"),
    (b"/a%3fb%2bc%25", b"/a%3Fb%2Bc%25"),
    (b"/%0d%0a", b"/%0D%0A"),
    # escaped once only, never twice
    (b"/%2561", b"/%2561"),
    (b"/%25%36%31", b"/%2561"),
    # dot segments, RFC 3986, 5.4
    (b"/a/b/c/./../../g", b"/a/g"),
    (b"/.", b"/"), (b"/..", b"/"), (b"/./", b"/"), (b"/../", b"/"),
    (b"/a/.", b"/a/"), (b"/a/..", b"/"), (b"/a/b/..", b"/a/"), (b"/a/./b", b"/a/b"),
    (b"/../../../etc/passwd", b"/etc/passwd"),
    (b"/a/../../b", b"/b"),
    # empty segments are segments
    (b"/a//../b", b"/a/b"), (b"//..", b"/"), (b"/a/..//b", b"//b"),
    # escaped dots are dots
    (b"/public/%2e%2e/admin", b"/admin"),
    (b"/public/.%2E/admin", b"/admin"),
    (b"/a/%2e/b", b"/a/b"), (b"/a/%2e", b"/a/"),
    # sent raw by browsers and scripts, though outside the grammar
    (b'/a|b["x"]{1}^`<>', b"/a%7Cb%5B%22x%22%5D%7B1%7D%5E%60%3C%3E"),
])  # fmt: skip
def test_other_spellings(raw: bytes, expected: bytes) -> None:
    assert read(raw) == expected
    assert read(expected) == expected


@pytest.mark.parametrize("raw", [
    b"", b"a", b"*", b"../x", b"%2Fx", b"http://h/",
    b"/%", b"/%4", b"/%4g", b"/%g4", b"/%%41", b"/a%", b"/% 1", b"/%+1", b"/%0x", b"/%u0041",
    b"/%00", b"/a%00b", b"/a%2fb", b"/a%2Fb", b"/a%5cb", b"/a%5Cb", b"/..%2fadmin",
    b"/a\\b", b"/\\", b"/a\x00", b"/a\tb", b"/a\rb", b"/a\nb", b"/a b", b"/\x7f", b"/\x1f",
    b"/\xc3\xbc", b"/\xff", b"/a#b", b"/a?b",
])  # fmt: skip
def test_refused(raw: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        read(raw)
    assert (caught.value.status, caught.value.reason) == (400, "bad_request")
    assert "RFC" in caught.value.detail


def test_escaped_slashes_are_kept_on_demand_and_separate_nothing() -> None:
    def kept(raw: bytes) -> bytes:
        return read_path(raw, keep_escaped_slash=True)

    assert kept(b"/a%2fb/%5c%41") == b"/a%2Fb/%5CA"
    assert kept(b"/a/..%2f../b") == b"/a/..%2F../b"
    for raw in (b"/%00", b"/a\\b", b"/%4", b"/a%2fb%00"):
        with pytest.raises(Rejected):
            kept(raw)


# --- against a slow reading that follows the RFC's text

UNRESERVED = set(string.ascii_letters + string.digits + "-._~")
SUB_DELIMS_AND_MORE = set("!$&'()*+,;=:@/")


def naive(raw: bytes, *, keep: bool) -> bytes | None:
    """RFC 3986, 6.2.2 and 5.2.4, step by step; None for what is refused."""
    text, out = raw.decode("latin-1"), ""
    while text:
        if text[0] == "%":
            if not re.match("%[0-9A-Fa-f]{2}", text):
                return None
            character, text = chr(int(text[1:3], 16)), text[3:]
            if character == "\0" or (character in "/\\" and not keep):
                return None
            out += character if character in UNRESERVED else f"%{ord(character):02X}"
        elif text[0] in UNRESERVED | SUB_DELIMS_AND_MORE:
            out, text = out + text[0], text[1:]
        elif text[0] in '"<>[]^`{|}':
            out, text = out + f"%{ord(text[0]):02X}", text[1:]
        else:
            return None
    return remove_dot_segments(out).encode() if out.startswith("/") else None


def remove_dot_segments(path: str) -> str:
    out = ""
    while path:
        if path.startswith("/./"):
            path = path[2:]
        elif path == "/.":
            path = "/"
        elif path.startswith("/../"):
            path, out = path[3:], out[: out.rfind("/")] if out else ""
        elif path == "/..":
            path, out = "/", out[: out.rfind("/")] if out else ""
        else:
            end = path.find("/", 1)
            end = len(path) if end < 0 else end
            out, path = out + path[:end], path[end:]
    return out


pieces = st.one_of(
    st.sampled_from([
        b"/", b"/", b".", b"..", b"/.", b"/..", b"/../", b"//", b"a", b"b", b"%2e", b"%2E", b"%",
        b"%25", b"%41", b"%c3", b"%2f", b"%5C", b"%00", b"%7C", b"|", b"[", b"\\", b"\xff", b"..;",
        b" ", b"#", b"?", b"~",
    ]),
    st.binary(max_size=2),
)  # fmt: skip
paths = st.lists(pieces, max_size=12).map(lambda parts: b"/" + b"".join(parts))


@given(paths, st.booleans())
def test_agrees_with_the_slow_reading_and_is_idempotent(raw: bytes, keep: bool) -> None:
    expected = naive(raw, keep=keep)
    try:
        path = read_path(raw, keep_escaped_slash=keep)
    except Rejected:
        assert expected is None
        return
    assert path == expected
    assert read_path(path, keep_escaped_slash=keep) == path


@given(paths)
def test_never_leaves_the_root_and_has_one_alphabet(raw: bytes) -> None:
    try:
        path = read(raw)
    except Rejected:
        return
    assert re.fullmatch(rb"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-F]{2})*", path)
    assert not {b".", b".."} & set(path.split(b"/"))
    assert b"%2F" not in path
    assert b"%5C" not in path


@given(st.lists(st.tuples(st.sampled_from("abz09-._~/"), st.booleans()), max_size=12))
def test_every_way_to_escape_unreserved_letters_reads_the_same(
    letters: list[tuple[str, bool]],
) -> None:
    plain = "".join([letter for letter, _ in letters])
    spelled = "".join(
        [
            f"%{ord(letter):02x}" if escape and letter != "/" else letter
            for letter, escape in letters
        ]
    )
    assert read(b"/" + spelled.encode()) == read(b"/" + plain.encode())
