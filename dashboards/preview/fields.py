"""How a panel wants a field shown: its defaults, and what it overrides for some fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.preview.colours import TEXT, colour
from dashboards.preview.quantities import quantity


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as it is drawn."""

    text: str
    colour: str
    #: Whether the colour says something.
    is_coloured: bool


class Look:
    """How one field of a panel is shown."""

    def __init__(self, panel: Mapping[str, Any], name: str) -> None:
        settings = dict(panel.get("fieldConfig", {}).get("defaults", {}))
        custom = dict(settings.get("custom") or {})
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            if _matches(override["matcher"], name):
                for one in override["properties"]:
                    target = custom if one["id"].startswith("custom.") else settings
                    target[one["id"].removeprefix("custom.")] = one["value"]
        self.custom = custom
        self._settings = settings

    @property
    def unit(self) -> str:
        """Grafana's name of the unit."""
        return str(self._settings.get("unit") or "")

    @property
    def no_value(self) -> str:
        """What stands where there is nothing."""
        return str(self._settings.get("noValue") or "No data")

    @property
    def fixed_colour(self) -> str:
        """The colour that it always has; empty when it has none."""
        chosen = self._settings.get("color") or {}
        return colour(chosen["fixedColor"]) if chosen.get("mode") == "fixed" else ""

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the largest value of an axis or a bar, where they are given."""
        return self._settings.get("min"), self._settings.get("max")

    @property
    def steps(self) -> list[tuple[float | None, str]]:
        """From which value on it has which colour."""
        steps = (self._settings.get("thresholds") or {}).get("steps") or []
        return [(step.get("value"), colour(step["color"])) for step in steps]

    def shown(self, value: Any) -> Shown:
        """A value with its words and its colour."""
        if value is None:
            return Shown("", TEXT, is_coloured=False)
        mapped = self._mapped(value)
        if mapped is not None:
            return Shown(
                mapped.get("text") or str(value),
                colour(mapped.get("color") or "text"),
                is_coloured=bool(mapped.get("color")),
            )
        if isinstance(value, int | float):
            text = quantity(float(value), self.unit, self._settings.get("decimals"))
            return Shown(text, self.threshold(float(value)), is_coloured=bool(self.steps))
        return Shown(str(value), TEXT, is_coloured=False)

    def threshold(self, value: float) -> str:
        """The colour of the last step that the value has reached."""
        reached = TEXT
        for least, name in self.steps:
            if least is None or value >= least:
                reached = name
        return reached

    def _mapped(self, value: Any) -> Mapping[str, Any] | None:
        for mapping in self._settings.get("mappings") or []:
            options = mapping["options"]
            if mapping["type"] == "value" and (found := options.get(_written(value))) is not None:
                return found  # type: ignore[no-any-return]
            if mapping["type"] == "range" and isinstance(value, int | float):
                least, most = options.get("from"), options.get("to")
                if (least is None or value >= least) and (most is None or value <= most):
                    return options["result"]  # type: ignore[no-any-return]
        return None


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _matches(matcher: Mapping[str, Any], name: str) -> bool:
    if matcher["id"] == "byName":
        return bool(matcher["options"] == name)
    if matcher["id"] == "byRegexp":
        return re.search(str(matcher["options"]).strip("/"), name) is not None
    return False
