"""The dashboards that there are, in the order in which they are read."""

from __future__ import annotations

from typing import Final

from dashboards import fleet, governance, service, telemetry, traces
from dashboards.board import Board

BOARDS: Final[tuple[Board, ...]] = (
    fleet.BOARD,
    service.BOARD,
    governance.BOARD,
    telemetry.BOARD,
    traces.BOARD,
)
