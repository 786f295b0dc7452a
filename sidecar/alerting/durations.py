"""Lengths of time as Prometheus, Alertmanager and Grafana write them."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms"))


def written(seconds: float) -> str:
    """``1h30m``, ``250ms``; milliseconds are the smallest that any of them knows."""
    rest = round(seconds * 1000)
    parts = []
    for length, unit in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
