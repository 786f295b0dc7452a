"""How full everything is: the loop, the CPU, connections, memory, and the process around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import host_metrics as h
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.promql import Scope, highest, now, quantile, rate, share, some, total

#: One process.
INSTANCE: Final = ("service", "instance")


def fullest(scope: Scope, by: Sequence[str] = ()) -> str:
    """How much is used of the resource of which least is left, 0 to 1."""
    return highest(now(scope(h.SATURATION)), by)


def by_resource(scope: Scope) -> str:
    """The same of each resource."""
    return highest(now(scope(h.SATURATION_BY_RESOURCE)), ("service", "resource"))


def loop_lag(below: float, scope: Scope) -> str:
    """How late the event loop's timers fired, in seconds."""
    return quantile(below, scope(c.LOOP_LAG, "_bucket"), WINDOW, ("service",))


def lag_buckets(scope: Scope) -> str:
    """Timers a second in each bucket of how late they fired."""
    return total(rate(scope(c.LOOP_LAG, "_bucket"), WINDOW), ("le",))


def overhead(below: float, scope: Scope) -> str:
    """What the sidecar itself added to so large a share of the requests at most, in seconds."""
    return quantile(below, scope(c.OVERHEAD, "_bucket"), WINDOW, ("service", "listener"))


def overhead_buckets(scope: Scope) -> str:
    """Requests a second in each bucket of what the sidecar added."""
    return total(rate(scope(c.OVERHEAD, "_bucket"), WINDOW), ("le",))


def collecting(scope: Scope) -> str:
    """How much of each second Python's garbage collector lets everything wait."""
    return highest(rate(scope(h.GC_PAUSE, "_sum"), WINDOW), ("service", "generation"))


def connections(scope: Scope) -> str:
    """Connections of clients that are open."""
    return total(now(scope(c.DOWNSTREAM_OPEN)), ("service", "listener"))


def connections_made(scope: Scope) -> str:
    """Connections of clients that were accepted, a second."""
    return total(rate(scope(c.DOWNSTREAM_CONNECTIONS), WINDOW), ("service", "listener"))


def connections_refused(scope: Scope) -> str:
    """Connections of clients that were closed before their first request, a second, by reason."""
    closed = rate(scope(c.DOWNSTREAM_REFUSED), WINDOW)
    return some(total(closed, ("service", "listener", "reason")))


def received(scope: Scope) -> str:
    """Bytes of bodies from clients, a second."""
    return total(rate(scope(c.DOWNSTREAM_RECEIVED), WINDOW), ("service", "listener"))


def sent(scope: Scope) -> str:
    """Bytes of bodies to clients, a second."""
    return total(rate(scope(c.DOWNSTREAM_SENT), WINDOW), ("service", "listener"))


def cpu(metric: Metric, scope: Scope) -> str:
    """CPU time a second of the process, its loop or its container: 1 is a CPU."""
    return total(rate(scope(metric), WINDOW), INSTANCE)


def used(metric: Metric, scope: Scope) -> str:
    """A gauge of each process, such as its memory."""
    return highest(now(scope(metric)), INSTANCE)


def descriptors(scope: Scope) -> str:
    """Open files of those that may be open, 0 to 1."""
    return share(used(h.PROCESS_FDS, scope), used(h.PROCESS_MAX_FDS, scope))


def throttled(scope: Scope) -> str:
    """The share of periods in which the container had used up its CPU quota."""
    periods = total(rate(scope(h.CONTAINER_PERIODS), WINDOW), INSTANCE)
    return share(total(rate(scope(h.CONTAINER_THROTTLED), WINDOW), INSTANCE), periods)


def waiting_for_quota(scope: Scope) -> str:
    """How much of each second the container waits for its next CPU quota."""
    return total(rate(scope(h.CONTAINER_THROTTLED_TIME), WINDOW), INSTANCE)


def memory_share(scope: Scope) -> str:
    """The container's working set of its limit, 0 to 1."""
    return share(used(h.CONTAINER_WORKING_SET, scope), used(h.CONTAINER_MEMORY_LIMIT, scope))


def memory_events(scope: Scope) -> str:
    """How often a second the container met a limit of its memory, by what came of it."""
    return some(total(rate(scope(h.CONTAINER_MEMORY_EVENTS), WINDOW), (*INSTANCE, "event")))


def pressure(scope: Scope) -> str:
    """How much of each second something waited for a resource."""
    waited = rate(scope(h.PRESSURE, stalled="some"), WINDOW)
    return highest(waited, (*INSTANCE, "scope", "resource"))


def uptime(scope: Scope) -> str:
    """For how long the process has been there, in seconds."""
    return f"time() - {highest(now(scope(h.PROCESS_START)), INSTANCE)}"


def running(scope: Scope) -> str:
    """What runs: the sidecar's version and Python's."""
    return highest(now(scope(c.BUILD)), (*INSTANCE, "version", "python"))


def of_running(expression: str, scope: Scope) -> str:
    """Only of processes that can be scraped: a rate still remembers one that has ended."""
    return f"{expression} and on ({', '.join(INSTANCE)}) {running(scope)}"


def rules_running(scope: Scope) -> str:
    """Which rules are in force."""
    return highest(now(scope(c.RULES)), (*INSTANCE, "version"))
