"""Queries in Prometheus's language over metrics of the catalogue.

A selector is made of a declared metric and of labels that it has; rates are taken of what only
grows. So a panel or an alert cannot ask for something that nobody tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sidecar.telemetry.declaration import Kind, Metric

#: Labels that a scraper adds to whatever it scrapes.
SCRAPED: Final = ("job", "instance")
_SUFFIXES: Final = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
_OPERATORS: Final = ("=~", "!~", "!=", "=")


class Selector(NamedTuple):
    """The series of a metric."""

    text: str
    #: Whether they only grow, so that their rate says something and their value does not.
    grows: bool


class Scope(NamedTuple):
    """Matchers that every selector of a page or of a rule has, such as ``service="order"``.

    A matcher's value may begin with its operator (``=~``, ``!~``, ``!=``); else it is ``=``.
    """

    matchers: Mapping[str, str]

    def __call__(self, metric: Metric, suffix: str = "", **labels: str) -> Selector:
        """The series of ``metric`` that are meant.

        ``suffix`` is the part of a histogram: ``_bucket``, ``_count`` or ``_sum``. Labels of the
        scope that the metric does not have are left out. Raises ValueError for a label of
        ``labels`` that it does not have, and for a suffix that does not fit.
        """
        parts = _SUFFIXES.get(metric.kind, ("",))
        if suffix not in parts:
            raise ValueError(
                f"{metric.name}{suffix}: the series of a {metric.kind.value} are "
                f"called {', '.join(metric.name + part for part in parts)}"
            )
        known = {*metric.label_names, *SCRAPED, *(("le",) if suffix == "_bucket" else ())}
        if strange := labels.keys() - known:
            raise ValueError(f"{metric.name} has no label {', '.join(sorted(strange))}")
        scope = {name: value for name, value in self.matchers.items() if name in known}
        matchers = ",".join(_matcher(*one) for one in {**scope, **labels}.items())
        name = f"{metric.name}{suffix}"
        grows = metric.kind in {Kind.COUNTER, Kind.HISTOGRAM}
        return Selector(f"{name}{{{matchers}}}" if matchers else name, grows)


def _matcher(label: str, value: str) -> str:
    operator = next((one for one in _OPERATORS if value.startswith(one)), "=")
    return f"{label}{operator}{quoted(value.removeprefix(operator))}"


def quoted(text: str) -> str:
    """A string of the language that stands for ``text``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def rate(selector: Selector, window: str) -> str:
    """How much it grows a second. Raises ValueError for what goes up and down."""
    return _growth("rate", selector, window)


def increase(selector: Selector, window: str) -> str:
    """How much it has grown. Raises ValueError for what goes up and down."""
    return _growth("increase", selector, window)


def _growth(function: str, selector: Selector, window: str) -> str:
    if not selector.grows:
        raise ValueError(f"{selector.text} goes up and down: it has no {function}")
    return f"{function}({selector.text}[{window}])"


def now(selector: Selector) -> str:
    """What it is. Raises ValueError for what only grows, of which nobody wants to know that."""
    if selector.grows:
        raise ValueError(f"{selector.text} only grows: ask for its rate or increase")
    return selector.text


def over_time(what: str, selector: Selector, window: str) -> str:
    """The ``max``, ``min``, ``avg``, ``last`` … of what goes up and down, over a window."""
    return f"{what}_over_time({now(selector)}[{window}])"


def total(expression: str, by: Iterable[str] = ()) -> str:
    """The sum, by labels or of all."""
    return _aggregate("sum", expression, by)


def highest(expression: str, by: Iterable[str] = ()) -> str:
    """The largest, by labels or of all."""
    return _aggregate("max", expression, by)


def lowest(expression: str, by: Iterable[str] = ()) -> str:
    """The smallest, by labels or of all."""
    return _aggregate("min", expression, by)


def mean(expression: str, by: Iterable[str] = ()) -> str:
    """The mean, by labels or of all."""
    return _aggregate("avg", expression, by)


def how_many(expression: str, by: Iterable[str] = ()) -> str:
    """How many series there are, by labels or of all; nothing where there are none."""
    return _aggregate("count", expression, by)


def _aggregate(function: str, expression: str, by: Iterable[str]) -> str:
    labels = ", ".join(by)
    return f"{function} by ({labels}) ({expression})" if labels else f"{function}({expression})"


def top(count: int, expression: str) -> str:
    """The largest so many."""
    return f"topk({count}, {expression})"


def share(part: str, whole: str) -> str:
    """A part of a whole, 0 to 1. Nothing where there is no whole: nobody asked for anything."""
    return f"{part} / ({whole} > 0)"


def some(expression: str) -> str:
    """Only what is more than 0, so that a page does not show a hundred lines at its bottom."""
    return f"{expression} > 0"


def filled(part: str, whole: str) -> str:
    """``part``, and 0 for what has only a ``whole`` yet: none of it has been counted so far."""
    return f"({part} or {whole} * 0)"


def quantile(share_below: float, buckets: Selector, window: str, by: Iterable[str] = ()) -> str:
    """What so large a share of the observations of a histogram is below, from its buckets."""
    summed = total(rate(buckets, window), ("le", *by))
    # Of no observations it is not a number, and that is green to thresholds: then there is none.
    return f"(histogram_quantile({share_below:g}, {summed}) >= 0)"


def absent(selector: Selector) -> str:
    """1 while there is no such series at all."""
    return f"absent({now(selector)})"


def changes(selector: Selector, window: str) -> str:
    """How often the value of what goes up and down was another one than before."""
    return f"changes({now(selector)}[{window}])"
