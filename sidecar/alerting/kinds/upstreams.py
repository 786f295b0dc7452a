"""Alerts about upstreams: endpoints that are down, cannot be reached, or are full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.kinds.shares import grown, too_large
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_upstreams import (
    ConnectsFailingSpec,
    EndpointsDownSpec,
    LookupsFailingSpec,
    PoolOverflowsSpec,
)
from sidecar.ruleset.sections import UpstreamSpec
from sidecar.telemetry.catalogue import (
    UPSTREAM_CONNECT_FAILURES,
    UPSTREAM_CONNECTS,
    UPSTREAM_LOOKUPS,
    UPSTREAM_OVERFLOWS,
    UPSTREAM_UP,
)
from sidecar.telemetry.promql import increase, mean, now, total


def _meant(site: Site, names: tuple[str, ...], *fields: str) -> Iterable[str]:
    """Those that are named; else all with one of these settings."""

    def has(upstream: UpstreamSpec) -> bool:
        return not fields or any(getattr(upstream, field) for field in fields)

    return names or [name for name, upstream in site.file.upstreams.items() if has(upstream)]


@kind(
    EndpointsDownSpec,
    "SidecarEndpointsDown",
    why="the endpoints that are left have more to do, or none is left",
    first="`sidecar status` says which and why: ejected for failing, or failing its health checks.",
    keep_seconds=60.0,
)
def endpoints_down(spec: EndpointsDownSpec, site: Site) -> Iterator[Condition]:
    """One for each upstream; each instance has an opinion of its own, and all count alike."""
    for name in _meant(site, spec.upstream, "health", "eject"):
        down = f"1 - {mean(now(site.scope(UPSTREAM_UP, upstream=name)))}"
        summary = "{{ $value | humanizePercentage }} of the endpoints of upstream "
        summary += f"{name} of {site.file.service} get no requests"
        yield Condition(site.upstream(name), f"{down} > {spec.above:g}", summary)


@kind(
    ConnectsFailingSpec,
    "SidecarConnectsFailing",
    why="what cannot be reached cannot answer",
    first="See `reason` of sidecar_upstream_connect_failures_total: connect_failure (nobody "
    "listens), connect_timeout (a firewall), upstream_tls_failure (a certificate).",
    keep_seconds=60.0,
)
def connects_failing(spec: ConnectsFailingSpec, site: Site) -> Iterator[Condition]:
    """One for each upstream."""
    for name in _meant(site, spec.upstream):
        failed = site.scope(UPSTREAM_CONNECT_FAILURES, upstream=name)
        made = site.scope(UPSTREAM_CONNECTS, upstream=name)
        summary = "{{ $value | humanizePercentage }} of the connections to upstream "
        summary += f"{name} of {site.file.service} do not come about"
        expression = too_large(spec, site, failed, (made, failed))
        yield Condition(site.upstream(name), expression, summary)


@kind(
    LookupsFailingSpec,
    "SidecarLookupsFailing",
    why="when its addresses change nobody will hear of it",
    first="Look the name up on the sidecar's host: the resolver, or the name itself.",
    keep_seconds=60.0,
)
def lookups_failing(spec: LookupsFailingSpec, site: Site) -> Iterator[Condition]:
    """One for each upstream; the value is at how many instances no lookup succeeded."""
    window = site.profile.window(spec.over)
    for name in _meant(site, spec.upstream, "dns"):
        failed, found = (
            total(
                increase(site.scope(UPSTREAM_LOOKUPS, upstream=name, result=result), window),
                ("job", "instance"),
            )
            for result in ("failure", "success")
        )
        summary = f"the name of upstream {name} of {site.file.service} cannot be looked up at "
        summary += "{{ $value }} of its instances"
        expression = f"count({failed} > 0 unless {found} > 0) > 0"
        yield Condition(site.upstream(name), expression, summary)


@kind(
    PoolOverflowsSpec,
    "SidecarPoolOverflows",
    why="requests are refused for want of a connection",
    first="See whether the upstream has become slow; else raise `pool.max_connections`.",
    keep_seconds=60.0,
)
def pool_overflows(spec: PoolOverflowsSpec, site: Site) -> Iterator[Condition]:
    """One for each upstream."""
    for name in _meant(site, spec.upstream):
        refused = grown(site, site.scope(UPSTREAM_OVERFLOWS, upstream=name), spec.over)
        summary = "{{ $value | humanize }} requests found all connections to upstream "
        summary += f"{name} of {site.file.service} taken"
        yield Condition(site.upstream(name), f"{refused} > 0", summary)
