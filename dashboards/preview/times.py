"""Panels with a time axis: lines, stacked areas, states and heatmaps."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboards.preview.canvas import Place
from dashboards.preview.colours import FAINT, GRID, PANEL, colour, of_series
from dashboards.preview.fields import Look
from dashboards.preview.quantities import quantity
from dashboards.viewer.frames import Field, Frame
from dashboards.viewer.view import Answered
from dashboards.viewer.window import Window

_LEGEND_ROW: Final = 0.155
_AXIS: Final = 0.62
#: More series than these are drawn, and not named.
_NAMED_AT_MOST: Final = 6
#: Series of one that has only so many points are dots, else they would not be seen.
_DOTS_BELOW: Final = 3


class Mark(NamedTuple):
    """An annotation: a moment, or a time from when to when."""

    name: str
    start: float
    end: float
    colour: str


class Line(NamedTuple):
    """A series with what it is called."""

    name: str
    times: list[float]
    values: list[float]
    look: Look
    colour: str


def draw_lines(place: Place, answered: Answered, window: Window, marks: Sequence[Mark]) -> None:
    """Lines over time, stacked where the panel says so, with a legend below."""
    lines = _lines(answered)
    left, top, width, height = place.body
    legend = min(len(lines), _NAMED_AT_MOST) + (len(lines) > _NAMED_AT_MOST)
    below = 0.2 + legend * _LEGEND_ROW
    axes = place.axes(left + _AXIS, top, width - _AXIS - 0.05, height - below)
    look = Look(answered.panel, "")
    _time_axis(axes, window)
    _value_axis(axes, look, lines)
    for mark in marks:
        _draw_mark(axes, mark)
    if not lines:
        axes.text(
            0.5, 0.5, look.no_value, transform=axes.transAxes, ha="center", color=FAINT, fontsize=10
        )
        return
    if _is_stacked(answered):
        _stack(axes, lines)
    else:
        for line in lines:
            _draw_line(axes, line)
    if look.custom.get("thresholdsStyle", {}).get("mode", "off") != "off":
        low, high = axes.get_ylim()
        for least, name in look.steps:
            if least is not None and low < least < high:
                axes.axhline(least, color=name, linestyle="--", linewidth=0.9, alpha=0.8)
    _legend(place, lines, top + height - below + 0.22, width)


def draw_states(place: Place, answered: Answered, window: Window, marks: Sequence[Mark]) -> None:
    """A bar for each series, in the colours of its states."""
    lines = _lines(answered)
    left, top, width, height = place.body
    names = 1.9
    axes = place.axes(left + names, top, width - names - 0.05, height - 0.42)
    _time_axis(axes, window)
    axes.set_yticks([])
    axes.set_ylim(max(len(lines), 1), 0)
    words: dict[str, str] = {}
    for number, line in enumerate(lines):
        place.text(
            left, top + (number + 0.5) * (height - 0.42) / len(lines),
            line.name if len(line.name) <= 26 else line.name[:25] + "…", va="center", fontsize=7.5,
        )  # fmt: skip
        for start, end, value in _stretches(line, window):
            shown = line.look.shown(value)
            tint = shown.colour if shown.is_coloured else of_series(int(value))
            words.setdefault(shown.text, tint)
            axes.barh(number + 0.5, end - start, left=start, height=0.8, color=tint, alpha=0.85)
    for mark in marks:
        _draw_mark(axes, mark)
    if not lines:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", color=FAINT)
    across = left
    for text, tint in words.items():
        place.text(across, top + height - 0.16, f"■ {text}", color=tint, fontsize=7.5)
        across += 0.3 + 0.075 * len(text)


def draw_heatmap(place: Place, answered: Answered, window: Window, marks: Sequence[Mark]) -> None:
    """Buckets of a histogram: the fuller, the brighter."""
    left, top, width, height = place.body
    axes = place.axes(left + _AXIS, top, width - _AXIS - 0.05, height - 0.22)
    _time_axis(axes, window)
    edges = sorted(_buckets(answered.frames), key=lambda one: one[0])
    unit = Look(answered.panel, "").unit
    if not edges:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", color=FAINT)
        return
    times = sorted({at for _, frame in edges for at in frame.times})
    grid = np.zeros((len(edges), len(times)))
    places = {at: number for number, at in enumerate(times)}
    for row, (_, frame) in enumerate(edges):
        for at, value in zip(frame.times, frame.numbers[0].values, strict=True):
            grid[row, places[at]] = value if value is not None and math.isfinite(value) else 0
    # Buckets of Prometheus hold what is below them, too.
    grid = np.maximum(np.diff(grid, axis=0, prepend=0), 0)
    tints = LinearSegmentedColormap.from_list("oranges", [PANEL, "#8a3c00", "#ff9830", "#fff3d6"])
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
    axes.imshow(
        np.sqrt(grid), aspect="auto", origin="lower", cmap=tints, interpolation="nearest",
        extent=(times[0] - half, times[-1] + half, 0, len(edges)),
    )  # fmt: skip
    axes.set_xlim(window.start, window.end)
    axes.set_yticks(
        [number + 1 for number in range(len(edges))],
        [quantity(edge, unit) if math.isfinite(edge) else "∞" for edge, _ in edges],
    )
    axes.tick_params(axis="y", labelsize=6.5)
    for mark in marks:
        _draw_mark(axes, mark)


def _buckets(frames: list[Frame]) -> list[tuple[float, Frame]]:
    found = []
    for frame in frames:
        for number in frame.numbers:
            edge = number.labels.get("le", number.shown)
            found.append((math.inf if edge == "+Inf" else float(edge), frame))
    return found


def _lines(answered: Answered) -> list[Line]:
    pairs: list[tuple[Frame, Field]] = [
        (frame, field) for frame in answered.frames for field in frame.numbers if frame.times
    ]
    found = []
    for place, (frame, field) in enumerate(pairs):
        name = field.shown or ", ".join(field.labels.values()) or field.name
        look = Look(answered.panel, name)
        pairs_of_values = [
            (at, float(value))
            for at, value in zip(frame.times, field.values, strict=True)
            if value is not None
        ]
        found.append(
            Line(
                name,
                [at for at, _ in pairs_of_values],
                [value for _, value in pairs_of_values],
                look,
                look.fixed_colour or of_series(place),
            )
        )
    return sorted(found, key=lambda line: line.name)


def _draw_line(axes: Axes, line: Line) -> None:
    opacity = line.look.custom.get("fillOpacity", 0) / 100
    dots = "o" if len(line.times) < _DOTS_BELOW else ""
    times, values = _with_gaps(line)
    axes.plot(times, values, color=line.colour, linewidth=1.4, marker=dots, markersize=3)
    if opacity:
        axes.fill_between(times, values, color=line.colour, alpha=opacity, linewidth=0)


def _with_gaps(line: Line) -> tuple[list[float], list[float]]:
    """Nothing is drawn where nothing was told."""
    if len(line.times) < _DOTS_BELOW:
        return line.times, line.values
    steps = sorted(b - a for a, b in zip(line.times, line.times[1:], strict=False))
    most = steps[len(steps) // 2] * 2.5
    times, values = [line.times[0]], [line.values[0]]
    for at, value in zip(line.times[1:], line.values[1:], strict=True):
        if at - times[-1] > most:
            times.append(at - most / 2)
            values.append(math.nan)
        times.append(at)
        values.append(value)
    return times, values


def _stack(axes: Axes, lines: Sequence[Line]) -> None:
    times = sorted({at for line in lines for at in line.times})
    below = np.zeros(len(times))
    for line in lines:
        there = dict(zip(line.times, line.values, strict=True))
        values = np.nan_to_num(np.array([there.get(at, 0.0) for at in times]))
        axes.fill_between(times, below, below + values, color=line.colour, alpha=0.6, linewidth=0)
        below = below + values
    axes.set_ylim(0, max(float(below.max()) * 1.1, 1e-9))


def _is_stacked(answered: Answered) -> bool:
    custom = answered.panel.get("fieldConfig", {}).get("defaults", {}).get("custom") or {}
    return bool((custom.get("stacking") or {}).get("mode") == "normal")


def _time_axis(axes: Axes, window: Window) -> None:
    axes.set_xlim(window.start, window.end)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def _clock(seconds: float, _: Any) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%H:%M:%S")


def _value_axis(axes: Axes, look: Look, lines: Sequence[Line]) -> None:
    values = [value for line in lines for value in line.values if math.isfinite(value)]
    least, most = look.bounds
    low = least if least is not None else min([0.0, *values])
    high = most if most is not None else max([low, *values])
    if high <= low:
        high = low + 1
    soft = look.custom.get("axisSoftMax")
    if soft is not None:
        high = max(high, soft)
    axes.set_ylim(low, high + (high - low or 1) * 0.08)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value, look.unit)))


def _legend(place: Place, lines: Sequence[Line], down: float, width: float) -> None:
    left = 0.1
    for number, line in enumerate(lines[:_NAMED_AT_MOST]):
        top = down + number * _LEGEND_ROW
        finite = [value for value in line.values if math.isfinite(value)]
        last = line.look.shown(finite[-1]).text if finite else ""
        most = line.look.shown(max(finite)).text if finite else ""
        room = int((width - 2.0) / 0.068)
        name = line.name if len(line.name) <= room else line.name[: room - 1] + "…"
        place.text(left, top, "━", color=line.colour, fontsize=7)
        place.text(left + 0.18, top, name, fontsize=7.2)
        place.text(left + width - 1.05, top, f"last {last}", fontsize=7.2, ha="right", color=FAINT)
        place.text(left + width, top, f"max {most}", fontsize=7.2, ha="right", color=FAINT)
    if len(lines) > _NAMED_AT_MOST:
        more = f"… and {len(lines) - _NAMED_AT_MOST} more"
        place.text(left + 0.18, down + _NAMED_AT_MOST * _LEGEND_ROW, more, fontsize=7.2)


def _draw_mark(axes: Axes, mark: Mark) -> None:
    tint = colour(mark.colour)
    if mark.end > mark.start:
        axes.axvspan(mark.start, mark.end, color=tint, alpha=0.10, linewidth=0)
    axes.axvline(mark.start, color=tint, linestyle="--", linewidth=0.9, alpha=0.9)


def _stretches(line: Line, window: Window) -> list[tuple[float, float, float]]:
    """From when to when it had which value."""
    step = window.interval_seconds
    found: list[tuple[float, float, float]] = []
    for at, value in zip(line.times, line.values, strict=True):
        if found and found[-1][2] == value and at - found[-1][1] <= step * 2.5:
            found[-1] = (found[-1][0], at + step, value)
        else:
            found.append((at, at + step, value))
    return found
