"""Grafana's dark theme: names of colours, and the palette that series get theirs from."""

from __future__ import annotations

from typing import Final

PAGE: Final = "#111217"
PANEL: Final = "#181b1f"
BORDER: Final = "#2c3235"
GRID: Final = "#2a2e33"
TEXT: Final = "#d8d9da"
FAINT: Final = "#8e9299"

#: Series without a colour of their own get these, in turn.
PALETTE: Final = (
    "#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffcb7d",
    "#37872d", "#e0b400", "#1f60c4", "#fa6400", "#c4162a", "#8f3bb8", "#96d98d", "#ffee52",
)  # fmt: skip

_NAMED: Final = {
    "green": "#73bf69",
    "dark-green": "#37872d",
    "super-light-green": "#56a64b",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "dark-red": "#c4162a",
    "blue": "#5794f2",
    "light-blue": "#8ab8ff",
    "purple": "#b877d9",
    "gray": "#808080",
    "text": TEXT,
    "transparent": PANEL,
}


def colour(name: str) -> str:
    """A colour by Grafana's name of it, or as it is written."""
    return name if name.startswith("#") else _NAMED.get(name, TEXT)


def of_series(place: int) -> str:
    """The colour of the so manieth series of a panel."""
    return PALETTE[place % len(PALETTE)]
