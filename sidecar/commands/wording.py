"""Numbers as people read them: short, and always of the same width where they stand in columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SCALES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def lasting(seconds: float) -> str:
    """``9m 12s``: the two largest units; tenths below ten seconds."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    left = int(seconds)
    parts: list[str] = []
    for length, unit in _UNITS:
        if left >= length or parts:
            parts.append(f"{left // length}{unit}")
            left %= length
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0")) or "0s"


def rate(per_second: float) -> str:
    """``1.2k``: at most five characters; a dot for nothing."""
    if per_second <= 0:
        return "·"
    for scale, unit in _SCALES:
        if per_second >= scale * 9.95:
            return f"{per_second / scale:.0f}{unit}"
        if per_second >= scale:
            return f"{per_second / scale:.1f}{unit}"
    return f"{per_second:.0f}" if per_second >= 9.95 else f"{per_second:.1f}"


def millis(seconds: float | None) -> str:
    """``12ms``, ``1.5s``; a dot for nothing."""
    if seconds is None:
        return "·"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms" if seconds >= 0.01 else f"{seconds * 1000:.1f}ms"
    return f"{seconds:.1f}s" if seconds < 100 else f"{seconds:.0f}s"


def mebibytes(size: int) -> str:
    """``68 MiB``."""
    return f"{size / 1048576:.0f} MiB"


def share(part: float) -> str:
    """``12%``."""
    return f"{part * 100:.0f}%" if part >= 0.095 or part == 0 else f"{part * 100:.1f}%"


def quantile(counts: Sequence[float], bounds: Sequence[float], which: float) -> float | None:
    """Where so great a share of what was counted lies below, interpolated within its bucket.

    None when nothing was counted. What lies above the last bound is taken to lie there.
    """
    total = sum(counts)
    if total <= 0:
        return None
    wanted, seen, lower = total * which, 0.0, 0.0
    for count, upper in zip(counts, bounds, strict=False):
        if count and seen + count >= wanted:
            return lower + (upper - lower) * (wanted - seen) / count
        seen += count
        lower = upper
    return lower


def at(moment: datetime) -> str:
    """``14:03:22``: the time of day here."""
    return moment.astimezone().strftime("%H:%M:%S")


def on(moment: datetime) -> str:
    """``2026-11-11 00:00:00 +0800``: a moment that may be far, in the zone of this machine."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def until_when(moment: datetime) -> str:
    """``2026-11-11 00:00``: a moment that may be far, where there is little room."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
