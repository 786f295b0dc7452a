"""What dashboards show of what happened on a stage, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboards.preview.command import board
from dashboards.viewer.view import Answered, Sources, View, panels_of
from dashboards.viewer.window import Window

#: What is chosen at the top of every dashboard that lets one choose it.
WANTED: Final[Mapping[str, Sequence[str]]] = {"over": ["1h"]}


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

    def view(self, name: str, phase: str) -> View:
        """A dashboard as it is opened at the end of a phase."""
        key = (name, phase)
        if key not in self._views:
            self._views[key] = View(board(name), self.sources, self.windows[phase], WANTED)
        return self._views[key]


def panel_of(view: View, title: str) -> Mapping[str, Any]:
    """The panel of that title, of which there is one."""
    [panel] = [one for one in panels_of(view.dashboard) if one["title"] == title]
    return panel
