"""Governance: what is refused, by which line of which file, and what each kind of rule does."""

from __future__ import annotations

from typing import Final

from dashboards import governance_now, governance_rules, links, variables
from dashboards.board import Board
from dashboards.governance_kinds import KINDS

BOARD: Final = Board(
    uid=links.GOVERNANCE,
    title="Sidecar: governance",
    description="What is refused, by which line of which file, and what each kind of rule does.",
    variables=(
        variables.datasource(),
        variables.logs(),
        variables.job(),
        variables.instance(),
        variables.service(),
        variables.kind(),
        variables.rule(),
    ),
    rows=(
        governance_now.ROW,
        governance_rules.EVERY,
        governance_rules.SHADOW,
        *KINDS.values(),
        governance_rules.HANDS,
    ),
)
