"""A page of panels: where each one goes, its frame, its title, and what is drawn in it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from dashboards.preview.colours import BORDER, FAINT, PAGE, PANEL, TEXT

COLUMNS: Final = 24
#: Inches, at so many dots each: a page is 1,600 dots wide, and a unit of height 34.
_DOTS: Final = 100
_WIDTH: Final = 16.0
_ROW: Final = 0.34
_GAP: Final = 0.06
_HEADER: Final = 0.55
_TITLE: Final = 0.26
_CHARACTER: Final = 0.083
_FONT: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "text.parse_math": False,
}


class Place:
    """A panel's place on the page: axes in it are placed in inches from its upper left corner."""

    def __init__(self, page: Page, left: float, top: float, width: float, height: float) -> None:
        self._page = page
        self.left, self.top = left, top
        self.width, self.height = width, height

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without frame or ticks, in inches below the upper left corner of the panel."""
        return self._page.axes(self.left + left, self.top + top, width, height)

    def text(self, across: float, down: float, words: str, **style: Any) -> None:
        """Words at a place in inches, cut where the panel ends."""
        size = style.get("fontsize", _FONT["font.size"])
        inches = {
            "left": self.width - across - 0.1,
            "right": across,
            "center": 2 * min(across, self.width - across),
        }[style.get("ha", "left")]
        room = int(inches / (_CHARACTER * size / 8.5))
        cut = words if len(words) <= room else words[: max(room - 1, 0)] + "…"
        style.setdefault("color", TEXT)
        style.setdefault("va", "top")
        self._page.text(self.left + across, self.top + down, cut, **style)

    @property
    def body(self) -> tuple[float, float, float, float]:
        """What is left below the title: left, top, width, height."""
        return 0.1, _TITLE + 0.08, self.width - 0.2, self.height - _TITLE - 0.16

    def fill(self, colour: str) -> None:
        """Colour all of it."""
        self._page.box(self.left, self.top, self.width, self.height, colour, colour)


class Page:
    """One picture."""

    def __init__(self, title: str, subtitle: str, rows: int) -> None:
        self._height = _HEADER + rows * _ROW + _GAP
        with mpl.rc_context(_FONT):
            self.figure = Figure(figsize=(_WIDTH, self._height), dpi=_DOTS, facecolor=PAGE)
        self.text(0.12, 0.13, title, fontsize=13, fontweight="bold", va="top")
        self.text(_WIDTH - 0.12, 0.17, subtitle, fontsize=8.5, ha="right", va="top", color=FAINT)

    def panel(self, across: int, down: int, width: int, height: int, title: str) -> Place:
        """A panel's frame with its title; places in columns and rows of Grafana's grid."""
        column = (_WIDTH - _GAP) / COLUMNS
        place = Place(
            self,
            _GAP + across * column,
            _HEADER + down * _ROW,
            width * column - _GAP,
            height * _ROW - _GAP,
        )
        self.box(place.left, place.top, place.width, place.height, PANEL, BORDER)
        place.text(0.1, 0.08, title, fontsize=9, fontweight="bold")
        return place

    def heading(self, down: int, title: str, *, is_open: bool) -> None:
        """The heading of a row."""
        words = f"{'▾' if is_open else '▸'}  {title}"
        self.text(0.14, _HEADER + down * _ROW + 0.06, words, fontsize=10.5, va="top")

    def note(self, words: list[tuple[str, str]]) -> None:
        """Words in colours of their own, below the subtitle from right to left."""
        right = _WIDTH - 0.12
        for text, tint in reversed(words):
            self.text(right, 0.36, f"┆ {text}", fontsize=8, ha="right", va="top", color=tint)
            right -= 0.25 + len(text) * _CHARACTER * 0.95

    def box(
        self, left: float, top: float, width: float, height: float, face: str, edge: str
    ) -> None:
        """A rounded rectangle."""
        corner = (left / _WIDTH, 1 - (top + height) / self._height)
        size = (width / _WIDTH, height / self._height)
        self.figure.patches.append(
            FancyBboxPatch(
                corner, *size, boxstyle="round,pad=0,rounding_size=0.0008", linewidth=0.7,
                facecolor=face, edgecolor=edge, transform=self.figure.transFigure,
                figure=self.figure, zorder=-1,
            )
        )  # fmt: skip

    def text(self, left: float, top: float, words: str, **style: Any) -> None:
        """Words at a place in inches from the upper left corner of the page."""
        style.setdefault("color", TEXT)
        self.figure.text(left / _WIDTH, 1 - top / self._height, words, **style)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without a frame."""
        axes = self.figure.add_axes(
            (
                left / _WIDTH,
                1 - (top + height) / self._height,
                max(width, 0.05) / _WIDTH,
                max(height, 0.05) / self._height,
            )
        )
        axes.set_facecolor("none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0, labelsize=7.5, colors=FAINT)
        return axes

    def save(self, path: Path) -> None:
        """Write it as PNG, in few colours: it is mostly one dark one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(_FONT):
            self.figure.savefig(path, facecolor=PAGE, dpi=_DOTS)
        _in_few_colours(path)


def _in_few_colours(path: Path) -> None:
    # Comes with matplotlib.
    from PIL import Image  # noqa: PLC0415 - only where a picture is written

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def wrapped(words: str, width_inches: float, fontsize: float = 8.0) -> list[str]:
    """Lines no wider than that."""
    room = max(int(width_inches / (_CHARACTER * fontsize / 8.5)), 8)
    return textwrap.wrap(words, room) or [""]


def extent(panels: list[Mapping[str, Any]]) -> int:
    """How many units of the grid all panels are high together."""
    return max((one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels), default=1)
