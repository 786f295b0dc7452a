"""A dashboard as a picture: each panel where Grafana has it, each row open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dashboards.preview.canvas import Page, Place, extent, wrapped
from dashboards.preview.colours import FAINT, colour
from dashboards.preview.numbers import draw_bars, draw_stat
from dashboards.preview.tables import draw_logs, draw_table
from dashboards.preview.times import Mark, draw_heatmap, draw_lines, draw_states
from dashboards.viewer.frames import Frame
from dashboards.viewer.view import Answered, View


def draw(
    view: View, path: Path, *, is_opened: bool = True, most_rows: int | None = None
) -> list[Path]:
    """Ask everything that the dashboard asks, and write the picture of it to ``path``.

    ``is_opened`` shows what is in closed rows, too. What is higher than ``most_rows`` units of
    Grafana's grid becomes several pictures, each beginning with a row; their paths are returned.
    """
    panels = view.dashboard["panels"]
    pages = list(_pages(list(_opened(panels) if is_opened else panels), most_rows))
    marks = list(_marks(view))
    paths = [path]
    if len(pages) > 1:
        paths = [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(pages) + 1)]
    for place, placed in zip(paths, pages, strict=True):
        _draw_page(view, placed, marks).save(place)
    return paths


def _pages(panels: list[Mapping[str, Any]], most: int | None) -> Iterator[list[Mapping[str, Any]]]:
    """The panels of each picture, moved to its top."""
    sections: list[list[Mapping[str, Any]]] = []
    for panel in sorted(panels, key=lambda one: (one["gridPos"]["y"], one["gridPos"]["x"])):
        if panel["type"] == "row" or not sections:
            sections.append([])
        sections[-1].append(panel)
    page: list[Mapping[str, Any]] = []
    for section in sections:
        if page and most is not None and extent(section) - _top(page) > most:
            yield _moved_up(page)
            page = []
        page = [*page, *section]
    yield _moved_up(page)


def _top(panels: list[Mapping[str, Any]]) -> int:
    return min((int(one["gridPos"]["y"]) for one in panels), default=0)


def _moved_up(panels: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    top = _top(panels)
    return [
        {**one, "gridPos": {**one["gridPos"], "y": one["gridPos"]["y"] - top}} for one in panels
    ]


def _draw_page(view: View, placed: list[Mapping[str, Any]], marks: list[Mark]) -> Page:
    page = Page(view.dashboard["title"], _about(view), extent(placed))
    page.note(sorted({(mark.name, colour(mark.colour)) for mark in marks}))
    for panel in placed:
        at = panel["gridPos"]
        if panel["type"] == "row":
            is_open = not panel.get("collapsed") or bool(panel.get("is_opened"))
            page.heading(at["y"], panel.get("title", ""), is_open=is_open)
            continue
        place = page.panel(at["x"], at["y"], at["w"], at["h"], panel.get("title", ""))
        if panel.get("targets"):
            _draw(place, view.answered(panel), view, marks)
        else:
            _say(place, str(panel.get("options", {}).get("content", "")))
    return page


def _opened(panels: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Panels from top to bottom, those of closed rows below them, and what follows moved down."""
    moved = 0
    for panel in sorted(panels, key=lambda one: (one["gridPos"]["y"], one["gridPos"]["x"])):
        at = panel["gridPos"]
        yield {**panel, "is_opened": True, "gridPos": {**at, "y": at["y"] + moved}}
        inside = panel.get("panels") or []
        if not inside:
            continue
        top = min(one["gridPos"]["y"] for one in inside)
        for one in inside:
            place = one["gridPos"]
            down = at["y"] + moved + 1 + place["y"] - top
            yield {**one, "gridPos": {**place, "y": down}}
        moved += max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in inside) - top


def _draw(place: Place, answered: Answered, view: View, marks: list[Mark]) -> None:
    kind = answered.panel["type"]
    if answered.unasked and not answered.raw:
        _say(place, "Shown in Grafana: " + str(answered.panel.get("description", "")))
    elif kind in _OVER_TIME:
        _OVER_TIME[kind](place, answered, view.window, marks)
    elif kind in _AS_IT_IS:
        _AS_IT_IS[kind](place, answered)
    else:
        raise ValueError(f"{answered.title}: nobody knows how to draw a {kind}")


def _say(place: Place, words: str) -> None:
    left, top, width, _ = place.body
    for number, line in enumerate(wrapped(words, width)):
        place.text(left, top + number * 0.17, line, color=FAINT)


def _about(view: View) -> str:
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC).strftime("%H:%M:%S")
        for at in (view.window.start, view.window.end)
    )
    chosen = [
        f"{one['name']}: {', '.join(view.chosen[one['name']].values) or 'All'}"
        for one in view.dashboard["templating"]["list"]
        if one["type"] == "query"
    ]
    return "   ".join((*chosen, f"{start} to {end}"))


def _marks(view: View) -> Iterator[Mark]:
    for annotation, frames in view.marks():
        for frame in frames:
            if annotation.get("useValueForTime"):
                yield from _moments(view, annotation, frame)
            else:
                yield from _regions(view, annotation, frame)


def _moments(view: View, annotation: Mapping[str, Any], frame: Frame) -> Iterator[Mark]:
    for at in sorted({value / 1000 for value in frame.numbers[0].values}):
        if view.window.start <= at <= view.window.end:
            yield Mark(annotation["name"], at, at, annotation["iconColor"])


def _regions(view: View, annotation: Mapping[str, Any], frame: Frame) -> Iterator[Mark]:
    step = view.window.interval_seconds
    start = end = None
    for at in frame.times:
        if start is not None and end is not None and at - end > step * 1.5:
            yield Mark(annotation["name"], start, end, annotation["iconColor"])
            start = None
        start = at if start is None else start
        end = at
    if start is not None and end is not None:
        yield Mark(annotation["name"], start, end, annotation["iconColor"])


_OVER_TIME = {
    "timeseries": draw_lines,
    "state-timeline": draw_states,
    "heatmap": draw_heatmap,
}
_AS_IT_IS = {
    "stat": draw_stat,
    "gauge": draw_stat,
    "bargauge": draw_bars,
    "table": draw_table,
    "logs": draw_logs,
}
