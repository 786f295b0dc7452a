"""The little of SVG that the report draws with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

_STEPS: Final = (1, 2, 5)
_DECIMALS: Final = 1


class Scale(NamedTuple):
    """From values to places; values beyond its ends are drawn at its ends."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high = self._form(self.low), self._form(self.high)
        share = (self._form(value) - low) / (high - low) if high > low else 0.0
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def _form(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.logarithmic else value


def element(tag: str, *content: str, **attributes: str | float) -> str:
    """An element; content is markup already, ``class_`` and ``stroke_width`` as SVG has them."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{said}>{''.join(content)}</{tag}>" if content else f"<{tag}{said}/>"


def text(words: str, x: float, y: float, class_: str) -> str:
    """Words at a place."""
    return element("text", escape(words), x=x, y=y, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str) -> str:
    """A line through the points; nothing for none."""
    places = [f"{x:.{_DECIMALS}f} {y:.{_DECIMALS}f}" for x, y in points]
    return element("path", d="M" + "L".join(places), class_=class_) if places else ""


def drawing(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """A whole picture that fits its place; ``label`` says what one sees."""
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=label,
    )


def round_ticks(high: float, about: int) -> list[float]:
    """Round numbers from 0 to ``high``, about so many."""
    if high <= 0:
        return [0.0]
    raw = high / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((n * power for n in _STEPS if n * power >= raw), 10 * power)
    return [number * step for number in range(int(high / step) + 1)]


def decade_ticks(low: float, high: float) -> list[float]:
    """1, 10, 100 and so on within the two."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [10.0**power for power in range(first, last + 1)]


def _attribute(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
