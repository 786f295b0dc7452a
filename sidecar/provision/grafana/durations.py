"""Lengths of time, of which Grafana writes many otherwise than it was told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sidecar.alerting.durations import written

_UNITS: Final[Mapping[str, float]] = {
    "y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001,
}  # fmt: skip
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[ywdhms])")
#: The fields that hold one.
_FIELDS: Final = frozenset(
    {"for", "keep_firing_for", "group_wait", "group_interval", "repeat_interval"}
)


def alike(node: Any) -> Any:
    """The same, with every length of time as we write it: ``1w`` as ``7d``."""
    if isinstance(node, Mapping):
        return {
            name: _rewritten(value) if name in _FIELDS else alike(value)
            for name, value in node.items()
        }
    return [alike(one) for one in node] if isinstance(node, list) else node


def _rewritten(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = _PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return value
    return written(sum(float(number) * _UNITS[unit] for number, unit in parts))
