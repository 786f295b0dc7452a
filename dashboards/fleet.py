"""Fleet overview: whether users suffer, which service it is, and which rule."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import units

from dashboards import links, looks, panels, variables
from dashboards.board import Board, Row
from dashboards.queries import requests as q
from dashboards.queries.asking import FLEET, over_time

_USERS: Final = Row(
    "Do users suffer?",
    (
        panels.number(
            "Good requests",
            "The share of requests that the objectives call good, of those that were served. "
            "Below the target: look in the table which service it is, and open it.",
            units.PercentUnit,
            over_time(q.good_share(FLEET), "good"),
        ).thresholds(looks.the_less_the_worse(0.999, 0.99)).decimals(2).span(6),
    ),
)  # fmt: skip

BOARD: Final = Board(
    uid=links.FLEET,
    title="Sidecar: fleet overview",
    description="Whether users suffer, which service it is, and which rule.",
    variables=(
        variables.datasource(), variables.job(), variables.instance(), variables.service(),
        variables.logs(),
    ),
    rows=(_USERS,),
)  # fmt: skip
