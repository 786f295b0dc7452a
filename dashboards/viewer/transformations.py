"""What Grafana makes of frames before it draws them: the transformations that our panels use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from dashboards.viewer.frames import VALUE, Field, Frame

Transformation = Callable[[list[Frame], Mapping[str, Any]], list[Frame]]


def transformed(frames: list[Frame], steps: Sequence[Mapping[str, Any]]) -> list[Frame]:
    """The frames after all steps. Raises ValueError for a step that is not known here."""
    for step in steps:
        if step.get("disabled"):
            continue
        if step["id"] not in _STEPS:
            raise ValueError(f"the transformation {step['id']} is not known")
        frames = _STEPS[step["id"]](frames, step.get("options") or {})
    return frames


def _merge(frames: list[Frame], _: Mapping[str, Any]) -> list[Frame]:
    """One table; rows that have the same in all the columns that they share become one."""
    several = len(frames) > 1
    tables = [_with_lettered_value(frame) if several else frame for frame in frames]
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for frame in tables:
        names |= dict.fromkeys(one.name for one in frame.fields)
        for place in range(frame.length):
            _into(rows, {one.name: one.values[place] for one in frame.fields})
    return [Frame("A", [Field(name, [row.get(name) for row in rows]) for name in names])]


def _into(rows: list[dict[str, Any]], new: dict[str, Any]) -> None:
    for row in rows:
        shared = row.keys() & new.keys()
        if shared and all(row[name] == new[name] for name in shared):
            row.update(new)
            return
    rows.append(new)


def _with_lettered_value(frame: Frame) -> Frame:
    fields = [
        Field(f"{VALUE} #{frame.ref}", one.values, one.labels) if one.name == VALUE else one
        for one in frame.fields
    ]
    return Frame(frame.ref, fields)


def _only_named(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    names = set(options["include"]["names"])
    return [
        Frame(frame.ref, [one for one in frame.fields if one.name in names]) for frame in frames
    ]


def _organized(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    order: Mapping[str, int] = options.get("indexByName") or {}
    names: Mapping[str, str] = options.get("renameByName") or {}
    left_out = {name for name, is_out in (options.get("excludeByName") or {}).items() if is_out}
    found = []
    for frame in frames:
        kept = [one for one in frame.fields if one.name not in left_out]
        kept.sort(key=lambda one: order.get(one.name, len(order)))
        fields = [Field(names.get(one.name) or one.name, one.values, one.labels) for one in kept]
        found.append(Frame(frame.ref, fields))
    return found


def _sorted(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    by = options["sort"][0]
    return [_sorted_by(frame, by["field"], falling=bool(by.get("desc"))) for frame in frames]


def _sorted_by(frame: Frame, name: str, *, falling: bool) -> Frame:
    column = frame.named(name)
    if column is None:
        return frame
    places = sorted(
        range(frame.length),
        key=lambda place: (column.values[place] is not None, column.values[place] or 0),
        reverse=falling,
    )
    fields = [
        Field(one.name, [one.values[place] for place in places], one.labels, one.shown)
        for one in frame.fields
    ]
    return Frame(frame.ref, fields)


def _limited(frames: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    most = int(options.get("limitField") or 10)
    return [
        Frame(
            frame.ref,
            [Field(one.name, one.values[:most], one.labels, one.shown) for one in frame.fields],
        )
        for frame in frames
    ]


_STEPS: Final[Mapping[str, Transformation]] = {
    "merge": _merge,
    "filterFieldsByName": _only_named,
    "organize": _organized,
    "sortBy": _sorted,
    "limit": _limited,
}
