"""Fleet overview: whether users suffer, which service it is, and which rule."""

from __future__ import annotations

from typing import Final

from dashboards import fleet_rules, fleet_services, fleet_users, links, variables
from dashboards.board import Board

BOARD: Final = Board(
    uid=links.FLEET,
    title="Sidecar: fleet overview",
    description="Whether users suffer, which service it is, and which rule: read it from the top.",
    variables=(
        variables.datasource(),
        variables.logs(),
        variables.job(),
        variables.instance(),
        variables.service(),
        variables.over(),
    ),
    rows=(fleet_users.ROW, fleet_services.ROW, fleet_rules.ROW, fleet_services.SIDECARS),
)
