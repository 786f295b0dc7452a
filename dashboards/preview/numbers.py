"""Panels that show how it is now: numbers and bars."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from dashboards.preview.canvas import Place
from dashboards.preview.colours import FAINT, GRID
from dashboards.preview.fields import Look
from dashboards.viewer.frames import Field
from dashboards.viewer.view import Answered

_BAR: Final = 0.26


class Value(NamedTuple):
    """A field with the value that stands for it."""

    name: str
    field: Field
    value: Any


def draw_stat(place: Place, answered: Answered) -> None:
    """One number or several, large, on the colour that thresholds give it."""
    values = reduced(answered)
    look = Look(answered.panel, "")
    if not values:
        place.text(
            place.width / 2, place.height / 2 + 0.1, look.no_value, ha="center", va="center",
            fontsize=15, color=FAINT,
        )  # fmt: skip
        return
    if len(values) == 1:
        _draw_one(place, answered, values[0])
        return
    height = (place.height - 0.36) / len(values)
    for number, one in enumerate(values):
        shown = Look(answered.panel, one.name).shown(one.value)
        down = 0.34 + (number + 0.5) * height
        size = min(16.0, height * 42)
        place.text(0.14, down, one.name, va="center", fontsize=8.5)
        place.text(
            place.width - 0.14, down, shown.text, ha="right", va="center",
            fontsize=size, color=shown.colour, fontweight="bold",
        )  # fmt: skip


def _draw_one(place: Place, answered: Answered, one: Value) -> None:
    shown = Look(answered.panel, one.name).shown(one.value)
    options = answered.panel.get("options", {})
    is_background = options.get("colorMode", "").startswith("background") and shown.is_coloured
    if is_background:
        place.fill(shown.colour)
        place.text(0.1, 0.08, answered.title, fontsize=9, color="white", fontweight="bold")
    numbers = [v for v in one.field.values if isinstance(v, int | float) and math.isfinite(v)]
    if options.get("graphMode") == "area" and len(numbers) > 1:
        axes = place.axes(0.02, place.height * 0.62, place.width - 0.04, place.height * 0.36)
        axes.set_axis_off()
        line = "white" if is_background else shown.colour
        low, high = min(numbers), max(numbers)
        axes.fill_between(range(len(numbers)), low, numbers, color=line, alpha=0.25, linewidth=0)
        axes.plot(numbers, color=line, linewidth=1, alpha=0.6)
        axes.set_xlim(0, len(numbers) - 1)
        axes.set_ylim(low, high + (high - low or 1) * 0.15)
    size = min(26.0, place.height * 24, place.width * 100 / max(len(shown.text), 4))
    place.text(
        place.width / 2, place.height * 0.52, shown.text, ha="center", va="center",
        fontsize=size, color="white" if is_background else shown.colour, fontweight="bold",
    )  # fmt: skip


def draw_bars(place: Place, answered: Answered) -> None:
    """A bar for each value, the name on its left and the number on its right."""
    left, top, width, height = place.body
    values = reduced(answered)
    if not values:
        place.text(place.width / 2, place.height / 2, "No data", ha="center", color=FAINT)
        return
    finite = [one.value for one in values if _is_finite(one.value)]
    least, most = Look(answered.panel, "").bounds
    low = least if least is not None else min(0.0, *finite, 0.0)
    high = most if most is not None else max([*finite, low + 1e-12])
    each = min(_BAR + 0.12, height / len(values))
    fits = int(height / 0.2) or 1
    for number, one in enumerate(values[:fits]):
        shown = Look(answered.panel, one.name).shown(one.value)
        down = top + number * max(each, 0.2)
        middle = down + each / 2
        axes = place.axes(left + width * 0.42, down + each * 0.15, width * 0.4, each * 0.7)
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.barh(0.5, 1, height=1, color=GRID)
        if _is_finite(one.value):
            share = (one.value - low) / ((high - low) or 1)
            axes.barh(0.5, min(max(share, 0), 1), height=1, color=shown.colour)
        place.text(left, middle, _cut(one.name, width * 0.4), va="center", fontsize=7.5)
        place.text(
            left + width * 0.84, middle, shown.text, va="center", fontsize=8.5, color=shown.colour
        )


def reduced(answered: Answered) -> list[Value]:
    """What stands for each field: the last value that there is, or every row of a table."""
    options = answered.panel.get("options", {}).get("reduceOptions", {})
    found: list[Value] = []
    for frame in answered.frames:
        for field in frame.numbers:
            name = field.shown or ", ".join(field.labels.values()) or field.name
            if options.get("values"):
                found += [
                    Value(_row_name(frame.fields, place) or name, field, value)
                    for place, value in enumerate(field.values)
                ]
                continue
            there = [value for value in field.values if value is not None]
            if there:
                found.append(Value(name, field, _of(options.get("calcs", ["last"])[0], there)))
    return found


def _of(calculation: str, values: list[Any]) -> Any:
    if calculation == "max":
        return max(values)
    if calculation == "mean":
        return sum(values) / len(values)
    return sum(values) if calculation in {"sum", "total"} else values[-1]


def _row_name(fields: list[Field], place: int) -> str:
    return " ".join(str(one.values[place]) for one in fields if isinstance(one.values[place], str))


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _cut(words: str, width: float) -> str:
    room = int(width / 0.07)
    return words if len(words) <= room else words[: room - 1] + "…"
