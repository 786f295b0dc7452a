"""What dashboards show of what happened on a stage, phase by phase.

Counts are compared after a phase, by a panel's own query whose rates look back over all of it. A
rate makes its counter's growth longer by what lies between the edges of the window and the first
and the last scrape in it; when those were is known, so that it can be taken back. That is so for
series that were there before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.preview.command import board
from dashboards.viewer.http import post_form
from dashboards.viewer.view import Answered, Sources, View, panels_of
from dashboards.viewer.window import Window

#: Every stage begins with a quiet time, and a second one shows what does not move by itself.
QUIET: Final = "quiet"
STILL_QUIET: Final = "still quiet"

#: What is chosen at the top of every dashboard that lets one choose it.
WANTED: Final[Mapping[str, Sequence[str]]] = {"over": ["1h"]}
_NOBODY: Final[Mapping[str, Sequence[str]]] = {"job": ["nobody"], "service": ["nobody"]}


@dataclass(frozen=True, slots=True)
class LookingBack(Window):
    """Rates look back over all of it, so that its last point tells the whole."""

    @property
    def rate_seconds(self) -> float:
        """All of it."""
        return self.seconds


class Seen:
    """Phases that are over, and every panel as it was then; each is asked once."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        #: By phase.
        self.windows: dict[str, Window] = {}
        self._views: dict[tuple[str, str], View] = {}
        self._answers: dict[tuple[str, str, str], Answered] = {}

    def answered(self, name: str, title: str, phase: str) -> Answered:
        """A panel with what it was answered about a phase."""
        key = (name, title, phase)
        if key not in self._answers:
            view = self.view(name, phase)
            self._answers[key] = view.answered(panel_of(view, title))
        return self._answers[key]

    def of_nobody(self, name: str, title: str, phase: str) -> Answered:
        """The panel when at the top of the dashboard somebody is chosen who is not there."""
        view = View(board(name), self.sources, self.windows[phase], {**WANTED, **_NOBODY})
        return view.answered(panel_of(view, title))

    def view(self, name: str, phase: str) -> View:
        """A dashboard as it is opened at the end of a phase."""
        key = (name, phase)
        if key not in self._views:
            self._views[key] = View(board(name), self.sources, self.windows[phase], WANTED)
        return self._views[key]

    def counted(
        self, name: str, title: str, phase: str, service: str
    ) -> dict[frozenset[str], float]:
        """What a panel shows of rates, as what was counted. By the values of the labels."""
        seconds = self._scraped_seconds(phase, service)
        shares = self.shares(name, title, phase, service)
        return {labels: rate * seconds for labels, rate in shares.items()}

    def shares(
        self, name: str, title: str, phase: str, service: str
    ) -> dict[frozenset[str], float]:
        """What a panel shows of a service about all of a phase. By the values of the labels."""
        window = _all_of(self.windows[phase])
        view = View(board(name), self.sources, window, {"service": [service]})
        return {
            frozenset(one.labels.values()): one.values[-1]
            for frame in view.answered(panel_of(view, title)).frames
            for one in frame.numbers
            if frame.times[-1] == window.end
        }

    def _scraped_seconds(self, phase: str, service: str) -> float:
        """From the first scrape in it to the last."""
        window = _all_of(self.windows[phase])
        seen = f'sidecar_build_info{{service="{service}"}}[{window.seconds:.0f}s]'
        asked = {"query": seen, "time": f"{window.end:.3f}"}
        [series] = post_form(f"{self.sources.prometheus.url}/api/v1/query", asked)["data"]["result"]
        times = [float(at) for at, _ in series["values"]]
        return times[-1] - times[0]


def _all_of(window: Window) -> LookingBack:
    """With a scrape before and one after it, at whole seconds, as questions are put."""
    start, end = math.floor(window.start), math.ceil(window.end)
    scrapes = 2 * window.scrape_seconds
    return LookingBack(start - scrapes, end + scrapes, window.scrape_seconds)


def panel_of(view: View, title: str) -> Mapping[str, Any]:
    """The panel of that title, of which there is one."""
    [panel] = [one for one in panels_of(view.dashboard) if one["title"] == title]
    return panel
