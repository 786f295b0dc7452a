"""When an alert fires, in words, for people who look through many."""

from __future__ import annotations

import re
from typing import Final

from sidecar.alerting.alert import Alert
from sidecar.alerting.durations import written
from sidecar.alerting.templates import PLACEHOLDER

_BOUND: Final = re.compile(r" (>=|>|<=|<) ([0-9.]+(?:e-?[0-9]+)?)$")
_WORDS: Final = {">": "more than ", ">=": "at least ", "<": "less than ", "<=": "at most "}
#: Windows of a burn rate, as its recorded series are called.
_BURN: Final = re.compile(r":ratio(\w+)\{[^}]*\} / [0-9.e-]+ > ([0-9.]+)")


def when(alert: Alert) -> str:
    """One sentence: what is so, how much of it is too much, and for how long."""
    bound = _BOUND.search(alert.expression)

    def said(placeholder: re.Match[str]) -> str:
        if placeholder[1] != "value":
            return placeholder[1].removeprefix("labels.").upper()
        if burns := _burns(alert.expression):
            return burns
        if bound is None:
            return "…"
        if (bound[1], float(bound[2])) == (">", 0):
            return "some"
        return f"{_WORDS[bound[1]]}{_number(float(bound[2]), placeholder[2] or '')}"

    sentence = PLACEHOLDER.sub(said, alert.annotations.get("summary", alert.name))
    held = f", for {written(alert.for_seconds)}" if alert.for_seconds else ""
    return f"{sentence}{held}"


def _burns(expression: str) -> str:
    """``14.4 (over 1h) or 6 (over 6h)``: the long windows, which come first in each pair."""
    pairs = _BURN.findall(expression)[::2]
    return " or ".join(f"{factor} (over {window})" for window, factor in pairs)


def _number(value: float, function: str) -> str:
    if "Percentage" in function:
        return f"{value * 100:g}%"
    if "Duration" in function:
        return written(value)
    return f"{value:g}"
