"""The run second by second: what became of the requests, and how long they took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from demo_services.shop.report.svg import (
    Scale,
    decade_ticks,
    drawing,
    element,
    path,
    round_ticks,
    text,
)
from demo_services.shop.story.sparks import Totals, totals
from demo_services.shop.story.telling import Instant, Moment, Story, Told

_WIDTH: Final = 960.0
_LEFT: Final = 52.0
_RIGHT: Final = 946.0
_TOP: Final = 44.0
_FAST_MS: Final = 5.0
#: Between two seconds there is a gap as wide as this share of one.
_GAP: Final = 0.12
#: Numbers of moments: how far apart, and in how many rows they may stand.
_MARK_APART: Final = 15.0
_MARK_ROWS: Final = 3
#: An act that is shorter than its name gets the number alone.
_WIDTH_OF_LETTER: Final = 7.2


class Layer(NamedTuple):
    """One part of each second's bar."""

    name: str
    words: str
    of: Callable[[Totals], int]


LAYERS: Final = (
    Layer("served", "served", lambda one: one.admitted - one.degraded),
    Layer("degraded", "served with less (x-degraded)", lambda one: one.degraded),
    Layer("refused", "refused (403, 429, 503)", lambda one: one.refused),
    Layer("failed", "failed", lambda one: one.failed),
)


class Line(NamedTuple):
    """One line of latencies."""

    name: str
    of: Callable[[Totals], float]


LINES: Final = (Line("p99", lambda one: one.p99_ms), Line("p50", lambda one: one.p50_ms))


def requests_drawing(story: Story) -> str:
    """Each second as a bar of what became of its requests."""
    bottom, height = 250.0, 284.0
    seconds = [(one, totals(one.second)) for one in story.instants]
    highest = max((sum(layer.of(sums) for layer in LAYERS) for _, sums in seconds), default=1)
    across, up = _across(story), Scale(0, max(highest, 1) * 1.04, bottom, _TOP)
    return drawing(
        _WIDTH,
        height,
        "Requests a second by what became of them, over the whole run",
        [
            *_bands(story, across, bottom),
            *_grid(up, round_ticks(highest, 5), lambda value: f"{value:g}"),
            *(bar for one, sums in seconds for bar in _bar(one, sums, across, up)),
            *_marks(story.moments, across, bottom),
            *_seconds_axis(across, bottom),
        ],
    )


def latency_drawing(story: Story) -> str:
    """The median and the 99th percentile of each second, on a logarithmic scale."""
    bottom, height = 230.0, 264.0
    seconds = [(one, totals(one.second)) for one in story.instants]
    slowest = max((sums.p99_ms for _, sums in seconds), default=100.0)
    across = _across(story)
    up = Scale(_FAST_MS, max(slowest * 1.3, 100.0), bottom, _TOP, logarithmic=True)
    runs = list(_runs(seconds))
    return drawing(
        _WIDTH,
        height,
        "Latency of the served, median and 99th percentile of each second, over the whole run",
        [
            *_bands(story, across, bottom),
            *_grid(up, decade_ticks(up.low, up.high), _milliseconds),
            *(part for line in LINES for run in runs for part in _line(line, run, across, up)),
            *_marks(story.moments, across, bottom),
            *_seconds_axis(across, bottom),
        ],
    )


def _across(story: Story) -> Scale:
    last = max((one.at for one in story.instants), default=1.0)
    return Scale(0.0, last + 0.5, _LEFT, _RIGHT)


def _bar(one: Instant, sums: Totals, across: Scale, up: Scale) -> Iterator[str]:
    left = across(one.at - 1 + _GAP / 2)
    width = across(one.at - _GAP / 2) - left
    base = 0
    for layer in LAYERS:
        count = layer.of(sums)
        if count > 0:
            high, low = up(base + count), up(base)
            yield element(
                "rect",
                element("title", f"{one.at:.0f} s, {one.act}: {count} {layer.words}"),
                x=left, y=high, width=width, height=max(low - high, 0.8),
                class_=f"fill {layer.name}",
            )  # fmt: skip
            base += count


def _line(
    line: Line, run: Sequence[tuple[Instant, Totals]], across: Scale, up: Scale
) -> Iterator[str]:
    """A stretch without a gap, a dot for each second."""
    points = [(across(one.at - 0.5), up(line.of(sums))) for one, sums in run]
    yield path(points, f"line {line.name}")
    for (one, sums), (x, y) in zip(run, points, strict=True):
        words = f"{line.name} {line.of(sums):.0f} ms at {one.at:.0f} s"
        shape = element("title", words)
        yield element("circle", shape, cx=x, cy=y, r=2.6, class_=f"dot {line.name}")


def _bands(story: Story, across: Scale, bottom: float) -> Iterator[str]:
    """Every other act on a ground of its own, each with its name on top."""
    for number, act in enumerate(_with_load(story), 1):
        left, right = across(act.began), across(act.ended)
        if number % 2 == 0:
            yield element(
                "rect", x=left, y=_TOP - 16, width=right - left, height=bottom - _TOP + 16,
                class_="band",
            )  # fmt: skip
        fits = len(act.name) * _WIDTH_OF_LETTER <= right - left
        yield text(act.name if fits else str(number), (left + right) / 2, _TOP - 22, "act")


def _grid(up: Scale, ticks: Sequence[float], words: Callable[[float], str]) -> Iterator[str]:
    for value in ticks:
        y = up(value)
        yield element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid")
        yield text(words(value), _LEFT - 8, y + 4, "tick end")


def _marks(moments: Sequence[Moment], across: Scale, bottom: float) -> Iterator[str]:
    """A thin line for each moment, with the number that it has in the list below."""
    ends = [-_MARK_APART] * _MARK_ROWS
    for number, moment in enumerate(moments, 1):
        x = across(moment.at)
        # The first row that has room, else the one that has had the most time.
        row = next(
            (row for row, end in enumerate(ends) if x - end >= _MARK_APART), ends.index(min(ends))
        )
        ends[row] = x
        y = _TOP - 9 + _MARK_APART * row
        yield element(
            "g",
            element("title", f"{moment.at:.1f} s: {_plain(moment.words)}"),
            element("line", x1=x, x2=x, y1=y + 7, y2=bottom, class_="mark"),
            element("circle", cx=x, cy=y, r=7, class_="mark-dot"),
            text(str(number), x, y + 3.4, "mark-number"),
        )


def _seconds_axis(across: Scale, bottom: float) -> Iterator[str]:
    yield element("line", x1=_LEFT, x2=_RIGHT, y1=bottom, y2=bottom, class_="axis")
    for value in round_ticks(across.high, 10):
        yield text(f"{value:g} s", across(value), bottom + 18, "tick middle")


def _runs(seconds: Sequence[tuple[Instant, Totals]]) -> Iterator[list[tuple[Instant, Totals]]]:
    """Neighbouring seconds of one act in which somebody was served."""
    run: list[tuple[Instant, Totals]] = []
    for one, sums in seconds:
        if run and (sums.admitted == 0 or one.act != run[-1][0].act):
            yield run
            run = []
        if sums.admitted:
            run.append((one, sums))
    if run:
        yield run


def _with_load(story: Story) -> list[Told]:
    return [act for act in story.acts if act.report is not None]


def _milliseconds(value: float) -> str:
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
