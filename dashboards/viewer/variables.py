"""What is chosen of each variable of a dashboard when it is opened, or what somebody chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.viewer.interpolation import Chosen
from dashboards.viewer.prometheus import Prometheus
from dashboards.viewer.window import Window

_ALL = "$__all"


def chosen_variables(
    variables: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, Sequence[str]],
    prometheus: Prometheus,
    window: Window,
) -> dict[str, Chosen]:
    """Every variable, in order, since later ones ask with the earlier ones filled in.

    ``wanted`` chooses by name; whatever is not named there is as the dashboard has it.
    """
    chosen = {name: Chosen((value,)) for name, value in window.variables.items()}
    for one in variables:
        name = one["name"]
        chosen[name] = _chosen(one, tuple(wanted.get(name, ())), chosen, prometheus, window)
    return chosen


def _chosen(
    one: Mapping[str, Any],
    wanted: tuple[str, ...],
    so_far: Mapping[str, Chosen],
    prometheus: Prometheus,
    window: Window,
) -> Chosen:
    is_multiple = bool(one.get("multi") or one.get("includeAll"))
    values = wanted or _current(one)
    if _ALL not in values:
        return Chosen(values or ("",), is_multiple=is_multiple)
    if one.get("allValue"):
        return Chosen((), one["allValue"], is_multiple)
    question = one["query"]["query"] if one["type"] == "query" else ""
    found = prometheus.label_values(question, so_far, window) if question else _options(one)
    return Chosen(tuple(found) or ("",), is_multiple=is_multiple)


def _current(one: Mapping[str, Any]) -> tuple[str, ...]:
    value = (one.get("current") or {}).get("value", one.get("query", ""))
    return tuple(value) if isinstance(value, list) else (str(value),)


def _options(one: Mapping[str, Any]) -> list[str]:
    return [option["value"] for option in one.get("options", []) if option["value"] != _ALL]
