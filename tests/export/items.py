"""Items for tests."""

from __future__ import annotations

from sidecar.export.item import Item, Signal


def make_item(number: int, signal: Signal = Signal.LOGS, size: int = 0) -> Item:
    """A document of its own; its text has about ``size`` bytes more than it needs."""
    name = f"{signal.value}-{number}"
    action = f'{{"create":{{"_index":"{signal.value}-x.otel-default","_id":"{name}"}}}}\n'
    source = f'{{"n":{number},"fill":"{"." * size}"}}\n'
    return Item(signal, name, (action + source).encode())
