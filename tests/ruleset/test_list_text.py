"""List files as text: entries, ends and comments, and everything that is wrong with one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.networks import address_number
from sidecar.model.files import Form
from sidecar.ruleset.list_text import ENTRY_BYTES_AT_MOST, PROBLEMS_AT_MOST, parse_list
from sidecar.state.list_file import FOREVER

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    "text, entries",
    [
        (b"", {}),
        (b"\n \n# nobody\n   # nobody\n", {}),
        (b"ann\nbob", {b"ann": FOREVER, b"bob": FOREVER}),
        (b"\xef\xbb\xbfann\r\nbob\r\n", {b"ann": FOREVER, b"bob": FOREVER}),
        (b"\t ann  \t# a friend", {b"ann": FOREVER}),
        (b"room#7", {b"room#7": FOREVER}),
        (b"Ann Lee", {b"Ann Lee": FOREVER}),
        ("größe".encode(), {"größe".encode(): FOREVER}),
        (b"eve until: 2027-01-01T00:00:00Z", {b"eve": NEW_YEAR}),
        (b"eve\tuntil:2027-01-01T01:00+01:00 # a year", {b"eve": NEW_YEAR}),
        (b"eve until: 2026-12-31 19:00:00-05:00", {b"eve": NEW_YEAR}),
        (b"until:7", {}),
        # the same twice: for as long as the longer-lived one
        (b"eve until: 2027-01-01T00:00:00Z\neve", {b"eve": FOREVER}),
        (b"eve\neve until: 2027-01-01T00:00:00Z", {b"eve": FOREVER}),
        (b"eve until: 2027-01-01T00:00:00Z\neve until: 2026-01-01T00:00:00Z", {b"eve": NEW_YEAR}),
    ],
)
def test_values(text: bytes, entries: dict[bytes, float]) -> None:
    found = parse_list(text, Form.VALUES)
    assert found.values == entries
    assert bool(found.problems) == (text == b"until:7")


def test_networks_and_digests() -> None:
    found = parse_list(b"10.0.0.0/8\n2001:db8::7 until: 2027-01-01T00:00:00Z\n", Form.NETWORKS)
    networks = found.dated_networks()
    inside, single = address_number(b"10.1.2.3"), address_number(b"2001:db8::7")
    assert networks.contains(inside, NEW_YEAR)
    assert networks.contains(single, NEW_YEAR - 1)
    assert not networks.contains(single, NEW_YEAR)
    digests = parse_list(f"{DIGEST.upper()} # partner".encode(), Form.SHA256)
    assert digests.values == {bytes.fromhex(DIGEST): FOREVER}


@pytest.mark.parametrize(
    "form, text, place, message",
    [
        (Form.VALUES, b"ann\n\xc3\xa4\xff", (2, 2), "byte 0xff is not UTF-8"),
        (Form.VALUES, b"a\x00b", (1, 2), "control character 0x00"),
        (Form.VALUES, b"a\rb\n", (1, 2), "control character 0x0d"),
        (Form.VALUES, b"eve until: soon", (1, 12), "'soon' is not a time"),
        (Form.VALUES, b"eve until:", (1, 11), "'' is not a time"),
        (Form.VALUES, b"eve until: 2026-02-30T00:00:00Z", (1, 12), "is not a time"),
        (Form.VALUES, b"eve until: 2026-12-01", (1, 12), "'2026-12-01' is not a time"),
        (Form.VALUES, b"eve until: 2026-12-01T00:00:00", (1, 12), "lacks its time zone"),
        (Form.VALUES, b"until: 2026-12-01T00:00:00Z", (1, 1), "an end without an entry"),
        (Form.VALUES, b" until: 2026-12-01T00:00:00Z", (1, 1), "an end without an entry"),
        (Form.VALUES, b"eve untill: 2026-12-01T00:00:00Z", (1, 5), "no until: stands before"),
        (Form.VALUES, b"eve 2026-12-01", (1, 5), "no until: stands before"),
        (Form.VALUES, b"mal*", (1, 4), "a star"),
        (Form.VALUES, b"x" * (ENTRY_BYTES_AT_MOST + 1), (1, 1), "an entry of 4097 bytes"),
        (Form.NETWORKS, b"10.0.0.1/8", (1, 1), "has bits set beyond its prefix"),
        (Form.NETWORKS, b"ok.example", (1, 1), "is not an address or a network"),
        (Form.SHA256, b"hunter2", (1, 1), "no SHA-256 in 64 hexadecimal digits"),
    ],
)
def test_mistakes_have_their_place(
    form: Form, text: bytes, place: tuple[int, int], message: str
) -> None:
    (problem,) = parse_list(text, form).problems
    assert (problem.line, problem.column) == place
    assert message in problem.message
    assert problem.hint


def test_a_key_that_was_not_hashed_is_never_shown() -> None:
    (problem,) = parse_list(b"hunter2", Form.SHA256).problems
    assert "hunter2" not in " ".join(map(str, problem))


def test_only_the_first_mistakes_are_told() -> None:
    problems = parse_list(b"a*\n" * 100, Form.VALUES).problems
    assert [one.line for one in problems] == [*range(1, PROBLEMS_AT_MOST + 1)]


@given(st.binary(max_size=200), st.sampled_from([Form.VALUES, Form.NETWORKS, Form.SHA256]))
def test_any_bytes_are_read_or_told_to_be_wrong(text: bytes, form: Form) -> None:
    found = parse_list(text, form)
    lines = text.split(b"\n")
    for problem in found.problems:
        assert 1 <= problem.line <= len(lines)
        assert problem.message
    if not found.problems and form is Form.VALUES:
        for value in found.values:
            assert value in text


LINES = st.lists(
    st.tuples(st.text("abc-:#./ ", min_size=1, max_size=12), st.booleans(), st.booleans())
)


@given(LINES)
def test_what_is_written_is_what_is_read(lines: list[tuple[str, bool, bool]]) -> None:
    """Values without a comment's beginning or an end's, with and without both."""
    kept = [
        (value.strip(), ends, said)
        for value, ends, said in lines
        if value.strip() and " #" not in value and not value.strip().startswith("#")
    ]
    text = "\n".join(
        value + (" until: 2027-01-01T00:00:00Z" if ends else "") + (" # said of it" if said else "")
        for value, ends, said in kept
    )
    expected: dict[bytes, float] = {}
    for value, ends, _ in kept:
        until = NEW_YEAR if ends else FOREVER
        expected[value.encode()] = max(until, expected.get(value.encode(), until))
    found = parse_list(text.encode(), Form.VALUES)
    assert (found.values, found.problems) == (expected, [])


def test_a_file_of_many_blocks_is_read_whole() -> None:
    text = b"\n".join(b"user-%07d" % number for number in range(30_000))
    found = parse_list(text, Form.VALUES)
    assert len(found.values) == 30_000
    assert {b"user-0000000", b"user-0029999"} <= found.values.keys()
