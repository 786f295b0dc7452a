"""Panels that move on no stage, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STILL: Final[Mapping[str, Mapping[str, str]]] = {}

#: Dashboards whose panels are not proved yet.
LATER: Final = frozenset({"telemetry", "traces"})
