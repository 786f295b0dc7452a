"""Questions to Prometheus, as Grafana's data source puts them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dashboards.viewer.frames import TIME, VALUE, Field, Frame
from dashboards.viewer.http import get_json, post_form
from dashboards.viewer.interpolation import Chosen, for_prometheus, interpolated
from dashboards.viewer.window import Window

_LABEL_VALUES: Final = re.compile(r"^label_values\((?:(?P<series>.+),\s*)?(?P<label>\w+)\)$")
_IN_LEGEND: Final = re.compile(r"\{\{\s*(.+?)\s*\}\}")
_INFINITE: Final = {"+Inf": math.inf, "-Inf": -math.inf}


class Prometheus:
    """A data source."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def label_values(
        self, question: str, chosen: Mapping[str, Chosen], window: Window
    ) -> list[str]:
        """The values that a variable has. Raises ValueError for a question of another kind."""
        text = interpolated(question, chosen, for_prometheus)
        found = _LABEL_VALUES.match(text)
        if found is None:
            raise ValueError(f"{question}: only label_values is known")
        asked = {"start": f"{window.start:.3f}", "end": f"{window.end:.3f}"}
        if found["series"]:
            asked["match[]"] = found["series"]
        values: list[str] = get_json(f"{self.url}/api/v1/label/{found['label']}/values", asked)[
            "data"
        ]
        return sorted(values)

    def answer(
        self, target: Mapping[str, Any], chosen: Mapping[str, Chosen], window: Window
    ) -> list[Frame]:
        """The frames that a target of a panel gets."""
        text = interpolated(target["expr"], chosen, for_prometheus)
        series = self._instant(text, window) if target.get("instant") else self._range(text, window)
        ref, legend = target["refId"], target.get("legendFormat") or "__auto"
        if target.get("format") == "table":
            return [_table(ref, series)]
        return [_series(ref, one, _legend(legend, one["metric"], text)) for one in series]

    def exemplars(self, expression: str, window: Window) -> list[dict[str, Any]]:
        """The exemplars of every series in a question whose variables are filled in."""
        asked = {
            "query": expression,
            "start": f"{window.start:.3f}",
            "end": f"{window.end:.3f}",
        }
        found: list[dict[str, Any]] = post_form(f"{self.url}/api/v1/query_exemplars", asked)["data"]
        return found

    def _instant(self, text: str, window: Window) -> list[dict[str, Any]]:
        asked = {"query": text, "time": f"{window.end:.3f}"}
        data = post_form(f"{self.url}/api/v1/query", asked)["data"]
        if data["resultType"] == "scalar":
            return [{"metric": {}, "values": [data["result"]]}]
        return [{"metric": one["metric"], "values": [one["value"]]} for one in data["result"]]

    def _range(self, text: str, window: Window) -> list[dict[str, Any]]:
        step = window.interval_seconds
        # Aligned to the step, so that the same points come again at the next refresh.
        asked = {
            "query": text,
            "start": f"{math.floor(window.start / step) * step:.3f}",
            "end": f"{math.floor(window.end / step) * step:.3f}",
            "step": f"{step:g}",
        }
        found: list[dict[str, Any]] = post_form(f"{self.url}/api/v1/query_range", asked)["data"][
            "result"
        ]
        return found


def _number(text: str) -> float:
    return _INFINITE.get(text, float(text) if text not in _INFINITE else 0.0)


def _series(ref: str, one: Mapping[str, Any], shown: str) -> Frame:
    times = [float(at) for at, _ in one["values"]]
    values = [_number(value) for _, value in one["values"]]
    return Frame(ref, [Field(TIME, times), Field(VALUE, values, one["metric"], shown)])


def _table(ref: str, series: list[dict[str, Any]]) -> Frame:
    labels = sorted({label for one in series for label in one["metric"]})
    rows = [(one["metric"], at, value) for one in series for at, value in one["values"]]
    return Frame(
        ref,
        [
            Field(TIME, [float(at) for _, at, _ in rows]),
            *(Field(name, [metric.get(name) for metric, _, _ in rows]) for name in labels),
            Field(VALUE, [_number(value) for _, _, value in rows]),
        ],
    )


def _legend(form: str, labels: Mapping[str, str], expression: str) -> str:
    if form == "__auto":
        return _automatic(labels) or expression
    return _IN_LEGEND.sub(lambda found: labels.get(found[1], ""), form)


def _automatic(labels: Mapping[str, str]) -> str:
    """Only what tells it apart: the value of a single label, else all of them."""
    if len(labels) == 1:
        return next(iter(labels.values()))
    return "{" + ", ".join(_pairs(labels)) + "}" if labels else ""


def _pairs(labels: Mapping[str, str]) -> Iterator[str]:
    return (f'{name}="{value}"' for name, value in labels.items())
