"""The last seconds as bars of characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.text import Text

from demo_services.load.report import Second

_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_PLAIN_LEVELS: Final = " .:-=+*#@"


class Totals(NamedTuple):
    """All clients in one second."""

    offered: int
    admitted: int
    refused: int
    degraded: int
    failed: int
    p50_ms: float
    p99_ms: float

    def words(self) -> str:
        """The numbers in a line of a fixed form."""
        return (
            f"asked {self.offered:4}   in {self.admitted:4}   refused {self.refused:4}   "
            f"degraded {self.degraded:3}   failed {self.failed:3}   "
            f"p50 {self.p50_ms:5.0f} ms   p99 {self.p99_ms:5.0f} ms"
        )


def totals(second: Second) -> Totals:
    """Counts added; of the latencies those of the busiest client, for they cannot be added."""
    clients = second.clients
    busiest = max(clients, key=lambda client: client.admitted)
    return Totals(
        sum(client.offered for client in clients),
        sum(client.admitted for client in clients),
        sum(client.refused for client in clients),
        sum(client.marked for client in clients),
        sum(client.failed for client in clients),
        busiest.p50_ms,
        busiest.p99_ms,
    )


def bars(seconds: Sequence[Totals], *, unicode: bool) -> list[Text]:
    """Three lines: admitted, refused and failed, p99; the first two to one scale."""
    levels = _LEVELS if unicode else _PLAIN_LEVELS
    top = max((max(one.admitted, one.refused + one.failed) for one in seconds), default=0)
    slowest = max((one.p99_ms for one in seconds), default=0.0)
    rows = (
        ("in", "green", [float(one.admitted) for one in seconds], top),
        ("refused", "red", [float(one.refused + one.failed) for one in seconds], top),
        ("p99", "magenta", [one.p99_ms for one in seconds], slowest),
    )
    return [
        Text.assemble(
            (f"        {name:>8} ", "dim"),
            ("".join(_level(v, high, levels) for v in values), style),
        )
        for name, style, values, high in rows
    ]


def _level(value: float, top: float, levels: str) -> str:
    """The character for a value; something that is there never looks like nothing."""
    if value <= 0 or top <= 0:
        return levels[0]
    return levels[max(1, round(value / top * (len(levels) - 1)))]
