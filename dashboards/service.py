"""Service: what one service's users get, what it waits for, and how full it is."""

from __future__ import annotations

from typing import Final

from dashboards import (
    links,
    service_host,
    service_objectives,
    service_routes,
    service_sidecar,
    service_upstreams,
    variables,
)
from dashboards.board import Board

BOARD: Final = Board(
    uid=links.SERVICE,
    title="Sidecar: service",
    description="What the users of a service get, what it waits for, and how full it is.",
    variables=(
        variables.datasource(),
        variables.logs(),
        variables.job(),
        variables.instance(),
        variables.service(),
        variables.route(),
        variables.upstream(),
        variables.over(),
    ),
    rows=(
        service_routes.SIGNALS,
        service_objectives.ROW,
        service_routes.ROW,
        service_host.SATURATION,
        service_upstreams.ROW,
        service_upstreams.POOLS,
        service_sidecar.ROW,
        service_host.PROCESS,
    ),
)
