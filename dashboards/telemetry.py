"""Telemetry health: whether what the other dashboards show is all that there was."""

from __future__ import annotations

from typing import Final

from dashboards import links, telemetry_loss, telemetry_processes, variables
from dashboards.board import Board

BOARD: Final = Board(
    uid=links.TELEMETRY,
    title="Sidecar: telemetry health",
    description="What of telemetry is lost and why, what waits for whom, and how scrapes do.",
    variables=(
        variables.datasource(),
        variables.logs(),
        variables.job(),
        variables.instance(),
        variables.service(),
    ),
    rows=(
        telemetry_loss.LOST,
        telemetry_loss.BACKENDS,
        telemetry_processes.EXPORTERS,
        telemetry_processes.SCRAPES,
    ),
)
