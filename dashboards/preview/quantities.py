"""Numbers as Grafana writes them: with a unit, no longer than they need to be."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Final

_SHORT: Final = ((1e12, "T"), (1e9, "Bil"), (1e6, "Mil"), (1e3, "K"))
_BYTES: Final = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_SECONDS: Final = (
    (604_800.0, "weeks"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "mins"), (1.0, "s"),
    (1e-3, "ms"), (1e-6, "µs"),
)  # fmt: skip
#: What stands behind a number that is shortened like any other.
_SUFFIXES: Final = {
    "reqps": " req/s", "rps": " reads/s", "ops": " ops/s", "cps": " c/s", "eps": " evt/s",
    "mps": " msg/s", "iops": " io/s", "rpm": " req/m",
}  # fmt: skip

Writer = Callable[[float, int | None], str]


def quantity(value: float, unit: str, decimals: int | None = None) -> str:
    """The number with its unit; ``decimals`` as many as that, else as many as say something."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit in _WRITERS:
        return _WRITERS[unit](value, decimals)
    if unit in _SUFFIXES:
        return _shortened(value, decimals) + _SUFFIXES[unit]
    return _shortened(value, decimals)


def _number(value: float, decimals: int | None) -> str:
    if decimals is None:
        # Three digits that say something, as Grafana chooses them for most values.
        decimals = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:.{min(decimals, 6)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{decimals}f}"


def _shortened(value: float, decimals: int | None) -> str:
    for size, letter in _SHORT:
        if abs(value) >= size:
            return f"{_number(value / size, decimals)} {letter}"
    return _number(value, decimals)


def _share(value: float, decimals: int | None) -> str:
    return f"{_number(value * 100, decimals)}%"


def _percent(value: float, decimals: int | None) -> str:
    return f"{_number(value, decimals)}%"


def _seconds(value: float, decimals: int | None) -> str:
    for size, unit in _SECONDS:
        if abs(value) >= size:
            return f"{_number(value / size, decimals)} {unit}"
    return f"{_number(value * 1e9, decimals)} ns" if value else "0 s"


def _bytes(value: float, decimals: int | None) -> str:
    for size, unit in _BYTES:
        if abs(value) >= size:
            return f"{_number(value / size, decimals)} {unit}"
    return f"{_number(value, decimals)} B"


def _rate_of_bytes(value: float, decimals: int | None) -> str:
    return f"{_bytes(value, decimals)}/s"


def _moment(value: float, _: int | None) -> str:
    at = dt.datetime.fromtimestamp(value / 1000, dt.UTC)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _since(value: float, _: int | None) -> str:
    return _moment(value, None)


def _times(value: float, decimals: int | None) -> str:
    return f"{_number(value, decimals)}×"


_WRITERS: Final[Mapping[str, Writer]] = {
    "percentunit": _share,
    "percent": _percent,
    "s": _seconds,
    "dtdurations": _seconds,
    "ms": lambda value, decimals: _seconds(value / 1e3, decimals),
    "ns": lambda value, decimals: _seconds(value / 1e9, decimals),
    "bytes": _bytes,
    "decbytes": _bytes,
    "binBps": _rate_of_bytes,
    "Bps": _rate_of_bytes,
    "dateTimeAsIso": _moment,
    "dateTimeFromNow": _since,
    "none": _number,
    "x": _times,
}
