"""List files in memory: what is looked up, when it ends, how it is replaced."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.state.list_file import FOREVER, ListFile

VALUES = st.binary(max_size=2)
MOMENTS = st.sampled_from([0.0, 1.0, 2.0, FOREVER])


def test_entries_are_looked_up_and_replaced_as_a_whole() -> None:
    listed = ListFile([b"ann", b"bob"])
    assert listed.contains(b"ann")
    assert not listed.contains(b"an")
    assert len(listed) == 2
    listed.replace([b"eve"])
    assert listed.contains(b"eve")
    assert not listed.contains(b"ann")


def test_an_entry_ends_at_its_time_and_not_before() -> None:
    listed = ListFile({b"eve": 100.0, b"ann": FOREVER})
    assert listed.contains(b"eve"), "before the clock was read, nothing has expired"
    for now, is_listed in ((99.9, True), (100.0, False), (99.0, True), (1e12, False)):
        listed.advance(now)
        assert listed.contains(b"eve") is is_listed
        assert listed.contains(b"ann")


def test_the_time_stays_when_entries_are_replaced() -> None:
    listed = ListFile([b"ann"])
    listed.advance(100.0)
    listed.replace({b"eve": 99.0})
    assert not listed.contains(b"eve")


@given(st.dictionaries(VALUES, MOMENTS), VALUES, st.sampled_from([-1.0, 0.0, 0.5, 1.0, 3.0]))
def test_it_holds_what_was_given_until_it_ends(
    entries: dict[bytes, float], asked: bytes, now: float
) -> None:
    listed = ListFile(entries)
    listed.advance(now)
    assert listed.contains(asked) is any(
        value == asked and until > now for value, until in entries.items()
    )
