from __future__ import annotations

from sidecar.export.item import Item, Signal


def test_the_document_is_the_second_line() -> None:
    item = Item(Signal.TRACES, "1", b'{"create":{}}\n{"name":"GET orders"}\n')
    assert item.source == b'{"name":"GET orders"}\n'
