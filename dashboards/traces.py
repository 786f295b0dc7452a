"""Traces and logs: single requests, what was decided about them, and what was written."""

from __future__ import annotations

from typing import Final

from dashboards import links, traces_found, traces_logs, variables
from dashboards.board import Board

BOARD: Final = Board(
    uid=links.TRACES,
    title="Sidecar: traces and logs",
    description="Single requests, what was decided about them, and what was written.",
    variables=(
        variables.datasource(),
        variables.logs(),
        variables.spans(),
        variables.traces(),
        variables.job(),
        variables.instance(),
        variables.service(),
        variables.kind(),
        variables.rule(),
        variables.words(),
        variables.trace(),
    ),
    rows=(traces_found.FOUND, traces_found.ONE, traces_logs.DECISIONS, traces_logs.WRITTEN),
    refresh="30s",
)
