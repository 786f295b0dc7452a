"""Panels of rows: tables and log lines."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from dashboards.preview.canvas import Place
from dashboards.preview.colours import FAINT, GRID, PANEL, TEXT
from dashboards.preview.fields import Look
from dashboards.viewer.frames import TIME, Field, Frame
from dashboards.viewer.view import Answered

_ROW: Final = 0.235
_LETTER: Final = 0.075
_LEAST: Final = 0.5
_SEVERITIES: Final = {
    "ERROR": "#f2495c", "FATAL": "#f2495c", "WARN": "#ff9830", "INFO": "#73bf69",
    "DEBUG": "#5794f2",
}  # fmt: skip


def draw_table(place: Place, answered: Answered) -> None:
    """Columns as wide as what stands in them, as many rows as there is room for."""
    left, top, width, height = place.body
    frames = [frame for frame in answered.frames if frame.fields and frame.length]
    if not frames:
        text = Look(answered.panel, "").no_value
        place.text(place.width / 2, place.height / 2, text, ha="center", color=FAINT, fontsize=10)
        return
    frame = _without_hidden(answered, frames[0])
    looks = [Look(answered.panel, one.name) for one in frame.fields]
    cells = [
        [_shown(look, one, place_) for look, one in zip(looks, frame.fields, strict=True)]
        for place_ in range(frame.length)
    ]
    widths = _widths(frame, cells, width)
    fits = max(int((height - _ROW) / _ROW), 1)
    across = left
    for column, one in enumerate(frame.fields):
        place.text(across, top + 0.02, _cut(one.name, widths[column]), fontsize=7.6,
                   color="#6e9fff", fontweight="bold")  # fmt: skip
        across += widths[column]
    for number, row in enumerate(cells[:fits]):
        _draw_row(place, row, widths, left, top + (number + 1) * _ROW)
    if len(cells) > fits:
        place.text(place.width - 0.12, 0.1, f"{len(cells)} rows", ha="right", color=FAINT)


def _draw_row(
    place: Place,
    row: list[tuple[str, str, bool]],
    widths: list[float],
    left: float,
    down: float,
) -> None:
    line = place.axes(left, down - 0.02, sum(widths), 0.004)
    line.set_axis_off()
    line.axhline(0.5, color=GRID, linewidth=0.7)
    across = left
    for (text, tint, is_filled), width in zip(row, widths, strict=True):
        if is_filled and text:
            cell = place.axes(across - 0.03, down, width - 0.03, _ROW - 0.03)
            cell.set_axis_off()
            cell.set_xlim(0, 1)
            cell.set_ylim(0, 1)
            cell.barh(0.5, 1, height=1, color=tint)
        ink = (PANEL if tint not in {"#f2495c", "#1f60c4"} else "white") if is_filled else tint
        place.text(
            across, down + 0.03, _cut(text, width), fontsize=7.8, color=ink if text else TEXT
        )
        across += width


def draw_logs(place: Place, answered: Answered) -> None:
    """Log lines, newest first: when, how serious, and what they say."""
    left, top, _, height = place.body
    frames = [frame for frame in answered.frames if frame.length]
    if not frames:
        place.text(place.width / 2, place.height / 2, "No data", ha="center", color=FAINT)
        return
    frame = frames[0]
    body = frame.named("body.text") or frame.named("body") or frame.fields[-1]
    severity = frame.named("severity_text")
    fits = int(height / 0.19)
    for number in range(min(frame.length, fits)):
        down = top + number * 0.19
        level = str(severity.values[number] if severity else "")
        place.text(left, down, "▌", color=_SEVERITIES.get(level, FAINT), fontsize=8)
        place.text(left + 0.12, down, _clock(frame.times[number]), fontsize=7.4, color=FAINT)
        words = str(body.values[number] or frame_words(frame, number))
        place.text(left + 1.15, down, words, fontsize=7.6)


def frame_words(frame: Frame, number: int) -> str:
    """What a document without a sentence says: its fields."""
    pairs = [
        f"{one.name.removeprefix('attributes.')}={one.values[number]}"
        for one in frame.fields
        if one.name != TIME
        and one.values[number] not in {None, ""}
        and one.name.startswith("attributes.")
    ]
    return " ".join(pairs)


def _without_hidden(answered: Answered, frame: Frame) -> Frame:
    kept = [one for one in frame.fields if not Look(answered.panel, one.name).custom.get("hidden")]
    return Frame(frame.ref, kept)


def _shown(look: Look, one: Field, number: int) -> tuple[str, str, bool]:
    value: Any = one.values[number]
    if one.name == TIME and isinstance(value, float):
        return _clock(value), TEXT, False
    shown = look.shown(value)
    kind = (look.custom.get("cellOptions") or {}).get("type", "auto")
    tint = shown.colour if kind != "auto" or shown.is_coloured else TEXT
    return (
        shown.text,
        tint if isinstance(value, int | float | str) else TEXT,
        (kind == "color-background" and shown.is_coloured),
    )


def _widths(frame: Frame, cells: list[list[tuple[str, str, bool]]], width: float) -> list[float]:
    wanted = [
        max(len(one.name), *(len(row[column][0]) for row in cells), 3) * _LETTER + 0.16
        for column, one in enumerate(frame.fields)
    ]
    room = sum(wanted)
    if room <= width:
        spare = (width - room) / len(wanted)
        return [one + spare for one in wanted]
    # Long ones give way to short ones.
    while sum(wanted) > width and max(wanted) > _LEAST:
        longest = wanted.index(max(wanted))
        wanted[longest] *= 0.95
    return wanted


def _cut(words: str, width: float) -> str:
    room = max(int((width - 0.05) / 0.068), 2)
    return words if len(words) <= room else words[: room - 1] + "…"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%H:%M:%S.%f")[:-3]
