"""The same figures as bars, so that their proportions are seen at a glance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from benchmarks.goals import MIB, added_p99, cpu
from benchmarks.paired import Spread, spread
from benchmarks.results import Results
from benchmarks.scenarios import CROWDED, HALF, LARGE, MODERATE, POST, SATURATED
from benchmarks.targets import TARGETS, Target

OURS_COLOUR = "#0b6e99"
GOVERNED_COLOUR = "#8fa3ad"
PLAIN_COLOUR = "#cfd8dc"
INK = "#263238"
SETTINGS: dict[Any, Any] = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#b0bec5",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # The same figures give the same bytes.
    "svg.hashsalt": "benchmarks",
    "svg.fonttype": "none",
}
Read = Callable[[str], Spread | None]


def draw(results: Results, stem: Path) -> None:
    """Write ``stem``.svg and ``stem``.png."""
    measured = {cell.target for cell in results.cells}
    targets = [target for target in TARGETS if target.name in measured]
    with mpl.rc_context(SETTINGS):
        figure, axes = plt.subplots(2, 4, figsize=(15, 7.2), sharey=True, layout="constrained")
        for place, (title, unit, read) in zip(axes.flat, _panels(results), strict=True):
            _bars(place, targets, title, unit, read)
        figure.suptitle(
            f"Median of {results.rounds} rounds, whiskers: interquartile range. Shorter is better.",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None})
        figure.savefig(stem.with_suffix(".png"), dpi=110, metadata={"Software": None})
        plt.close(figure)


def _panels(results: Results) -> list[tuple[str, str, Read]]:
    def cost(scenario: str) -> Read:
        return lambda target: spread(cpu(results, scenario, target).values())

    def added(scenario: str) -> Read:
        return lambda target: spread(added_p99(results, scenario, target).values())

    def memory(target: str) -> Spread | None:
        return spread(life.peak_bytes / MIB for life in results.lives_of(target))

    def start(target: str) -> Spread | None:
        return spread(life.started_seconds * 1e3 for life in results.lives_of(target))

    microseconds = "CPU µs per request"
    return [
        (SATURATED.title, microseconds, cost(SATURATED.name)),
        (LARGE.title, microseconds, cost(LARGE.name)),
        (POST.title, microseconds, cost(POST.name)),
        (CROWDED.title.capitalize(), microseconds, cost(CROWDED.name)),
        (f"Added p99 at {MODERATE.title}", "µs", added(MODERATE.name)),
        (f"Added p99 at {HALF.title}", "µs", added(HALF.name)),
        ("Memory at most under load", "MiB", memory),
        ("Start to first answer", "ms", start),
    ]


def _bars(axes: Axes, targets: list[Target], title: str, unit: str, read: Read) -> None:
    furthest = max((value.high for target in targets if (value := read(target.name))), default=1.0)
    for row, target in enumerate(targets):
        value = read(target.name)
        if value is None:
            continue
        axes.barh(row, value.median, height=0.66, color=_colour(target))
        axes.plot([value.low, value.high], [row, row], color=INK, linewidth=1.1)
        axes.text(
            max(value.high, 0) + furthest * 0.02,
            row,
            f"{value.median:,.0f}",
            va="center",
            fontsize=8,
        )
    axes.set_title(title)
    axes.set_xlabel(unit)
    axes.set_xlim(0, furthest * 1.16)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks(range(len(targets)), [target.title for target in targets])
    axes.set_ylim(len(targets) - 0.4, -0.6)
    axes.tick_params(length=0)


def _colour(target: Target) -> str:
    if target.program == "sidecar":
        return OURS_COLOUR
    return GOVERNED_COLOUR if target.governed else PLAIN_COLOUR
