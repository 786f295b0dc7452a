"""How requests go through at the moment: by route, and by upstream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sidecar.admin import answers as a
from sidecar.admin.inside import Inside
from sidecar.cluster.endpoint import Cluster, Endpoint
from sidecar.model.policy import Mode
from sidecar.ruleset.directions import INBOUND
from sidecar.ruleset.routes import Route
from sidecar.telemetry.catalogue import DURATION_BUCKETS
from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.metrics import ClientMeters, ServerMeters

_NO_ANSWER = "none"


def routes(inside: Inside) -> list[a.RouteAnswer]:
    """Every route with what was counted for it, those that went with a reload at the end."""
    there_are = inside.live.rules.routes
    counted = dict(inside.meters.servers)
    for name in there_are:
        counted.setdefault((INBOUND, name), inside.meters.server(INBOUND, name))
    order = {name: place for place, name in enumerate(there_are)}
    found = sorted(counted.items(), key=lambda one: (one[0][0], order.get(one[0][1], len(order))))
    return [_route(meters, there_are.get(name)) for (_, name), meters in found]


def upstreams(inside: Inside) -> list[a.UpstreamAnswer]:
    """Every upstream of the rules in force."""
    return [_upstream(cluster, inside) for cluster in inside.live.rules.clusters.values()]


def durations(cells: Iterable[HistogramCell], bounds: tuple[float, ...]) -> a.Durations:
    """Several histograms of the same bounds, as one."""
    counts = [0] * (len(bounds) + 1)
    total = 0.0
    for cell in cells:
        counts = [one + more for one, more in zip(counts, cell.counts, strict=True)]
        total += cell.total
    return a.Durations(bounds=list(bounds), counts=counts, total_seconds=round(total, 6))


def _route(meters: ServerMeters, route: Route | None) -> a.RouteAnswer:
    cells = [(status, cell) for (_, status), cell in meters.cells.items()]
    cells += [(status, cell) for (_, status, _), cell in meters.failed.items()]
    by_status: dict[str, int] = {}
    for status, cell in cells:
        word = f"{status // 100}xx" if status else _NO_ANSWER
        by_status[word] = by_status.get(word, 0) + cell.count
    return a.RouteAnswer(
        name=meters.route,
        listener=meters.listener.name,
        upstream=route.cluster.name if route is not None else "",
        in_flight=meters.in_flight,
        requests=sum(by_status.values()),
        by_status=by_status,
        refused=meters.refused,
        durations=durations((cell for _, cell in cells), DURATION_BUCKETS),
        rules=_rules_of(route),
    )


def _rules_of(route: Route | None) -> list[str]:
    if route is None:
        return []
    chain = route.chain
    clauses: list[Any] = [*chain.enforced, *chain.shadow, *chain.retries, *chain.fallbacks]
    clauses.sort(key=lambda clause: clause.order)
    return [one.label for one in clauses if one.rule.mode is not Mode.DISABLED]


def _upstream(cluster: Cluster, inside: Inside) -> a.UpstreamAnswer:
    spec = inside.live.file.upstreams.get(cluster.name)
    return a.UpstreamAnswer(
        name=cluster.name,
        balance=spec.balance.value if spec is not None else "",
        endpoints=[
            _endpoint(one, inside.meters.client(cluster.name, one.name))
            for one in cluster.endpoints
        ],
    )


def _endpoint(endpoint: Endpoint, meters: ClientMeters) -> a.EndpointAnswer:
    answered = list(meters.cells.items())
    failed = list(meters.failed.values())
    failures = sum(cell.count for (_, status), cell in answered if status >= 500)
    connect_failures = sum(meters.connect_failures.counts.values())
    failures += sum(cell.count for cell in failed) + connect_failures
    cells = [*(cell for _, cell in answered), *failed]
    return a.EndpointAnswer(
        address=endpoint.name,
        state=_state(endpoint),
        in_flight=meters.requests_in_flight,
        pending=meters.pending,
        connections=meters.connections_open,
        most_connections=endpoint.pool.settings.max_connections,
        attempts=sum(cell.count for cell in cells),
        failures=failures,
        connect_failures=connect_failures,
        durations=durations(cells, DURATION_BUCKETS),
    )


def _state(endpoint: Endpoint) -> str:
    """In a word whether requests are sent there."""
    if not endpoint.checks.is_healthy:
        return "unhealthy"
    return "ejected" if endpoint.ejection.is_out else "healthy"
