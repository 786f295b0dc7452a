from __future__ import annotations

from sidecar.state.list_file import ListFile


def test_entries_are_looked_up_and_replaced_as_a_whole() -> None:
    listed = ListFile([b"ann", b"bob"])
    assert listed.contains(b"ann")
    assert not listed.contains(b"an")
    listed.replace([b"eve"])
    assert listed.contains(b"eve")
    assert not listed.contains(b"ann")
