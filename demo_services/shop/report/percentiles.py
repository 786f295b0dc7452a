"""How slow the slowest were: latencies by percentile, from the HDR histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from demo_services.load.latency import Latency, merged, percentiles_ms
from demo_services.shop.report.svg import Scale, decade_ticks, drawing, element, path, text
from demo_services.shop.story.telling import Story

_WIDTH: Final = 960.0
_HEIGHT: Final = 250.0
_LEFT: Final = 52.0
_RIGHT: Final = 840.0
_TOP: Final = 16.0
_BOTTOM: Final = 214.0
_FAST_MS: Final = 5.0
_PERCENTILES: Final = (
    0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 98.5, 99, 99.3, 99.5,
    99.7, 99.8, 99.9,
)  # fmt: skip
_NAMED: Final = (0, 50, 90, 99, 99.9)
_APART: Final = 15.0
#: What is compared, by act and phase; those that were not played are left out.
_CURVES: Final = (
    ("normal", "normal"),
    ("sale", "sale"),
    ("greedy", "greedy"),
    ("outage", "failing"),
)


class Curve(NamedTuple):
    """The customers in one phase."""

    name: str
    latency: Latency


def curves(story: Story) -> list[Curve]:
    """What there is to compare."""
    found = []
    for act in story.acts:
        for name, phase in _CURVES:
            if act.report is not None and act.name == name:
                parts = act.report.select(client="customers", phase=phase)
                latency = merged(part.admitted for part in parts)
                if latency.count:
                    found.append(Curve(name, latency))
    return found


def percentile_drawing(shown: Sequence[Curve]) -> str:
    """One line for each curve, named at its end."""
    points = [percentiles_ms(curve.latency, _PERCENTILES) for curve in shown]
    slowest = max((max(line) for line in points if line), default=100.0)
    across = Scale(1.0, _one_in(_PERCENTILES[-1]), _LEFT, _RIGHT, logarithmic=True)
    up = Scale(_FAST_MS, max(slowest * 1.3, 100.0), _BOTTOM, _TOP, logarithmic=True)
    parts = []
    for value in decade_ticks(up.low, up.high):
        y = up(value)
        words = f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"
        parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(text(words, _LEFT - 8, y + 4, "tick end"))
    for percentile in _NAMED:
        name = f"{percentile:g} %"
        parts.append(text(name, across(_one_in(percentile)), _BOTTOM + 20, "tick middle"))
    parts.append(element("line", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM, class_="axis"))
    taken: list[float] = []
    numbered = enumerate(zip(shown, points, strict=True))
    # From the fastest up, so that names which would lie on one another are pushed up in order.
    for number, (curve, line) in sorted(numbered, key=lambda one: one[1][1][-1]):
        places = [
            (across(_one_in(percentile)), up(ms))
            for percentile, ms in zip(_PERCENTILES, line, strict=True)
        ]
        parts.append(path(places, f"line curve{number}"))
        y = _free(places[-1][1] + 4, taken)
        words = f"{curve.name} {curve.latency.p99_ms:.0f} ms"
        parts.append(text(words, _RIGHT + 8, y, f"name curve{number}"))
    return drawing(_WIDTH, _HEIGHT, "Latency by percentile, for each act", parts)


def _one_in(percentile: float) -> float:
    """One in so many is slower: what the axis is even in."""
    return 100 / (100 - percentile)


def _free(y: float, taken: list[float]) -> float:
    """A place for a name where there is none yet."""
    while any(abs(y - other) < _APART for other in taken):
        y -= _APART
    taken.append(y)
    return y
