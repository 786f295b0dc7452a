"""How much is used of each thing that bounds what one instance can do, and of the scarcest.

The Four Golden Signals have it as *saturation*: how full a service is, with the most constrained
resource in mind (Site Reliability Engineering, chapter 6). What another instance would not relieve
is left out: upstreams of others, and memory, which Python does not give back.
"""

from __future__ import annotations

import time
from math import exp
from typing import TYPE_CHECKING, Final

from sidecar.model.policy import Mode
from sidecar.ruleset.directions import INBOUND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.proxy.engine import Engine
    from sidecar.proxy.listener import Listener

#: How long something is remembered: long enough that a second's burst starts no instance.
_MEMORY_SECONDS: Final = 10.0


class Saturation:
    """Looks about once a second, and writes what it sees into the meters."""

    def __init__(
        self,
        engine: Engine,
        listeners: list[Listener],
        cpu_share: Callable[[], float | None],
        thread_time: Callable[[], float] = time.thread_time,
    ) -> None:
        """``cpu_share`` is the share of the CPU time that may be used which is used."""
        self._engine = engine
        self._listeners = listeners
        self._cpu_share = cpu_share
        self._thread_time = thread_time
        self._looked = 0.0
        self._spent = 0.0

    def look(self, now: float) -> None:
        """Called from the loop's own thread, whose CPU time is meant."""
        spent, elapsed = self._thread_time(), now - self._looked
        before, first = self._spent, not self._looked
        self._spent, self._looked = spent, now
        meters = self._engine.meters
        meters.loop_cpu_seconds = spent
        if first or elapsed <= 0:
            return
        news = 1.0 - exp(-elapsed / _MEMORY_SECONDS)
        seen = dict(self._shares((spent - before) / elapsed))
        kept = meters.saturation
        for resource in kept.keys() - seen.keys():
            del kept[resource]
        for resource, share in seen.items():
            was = kept.get(resource, 0.0)
            kept[resource] = was + news * (min(max(share, 0.0), 1.0) - was)

    def _shares(self, loop: float) -> Iterator[tuple[str, float]]:
        yield "loop", loop
        cpu = self._cpu_share()
        if cpu is not None:
            yield "cpu", cpu
        rules = self._engine.rules
        for listener in self._listeners:
            if listener.name == INBOUND:
                yield "connections", len(listener.connections) / listener.rules.limits.connections
        endpoints = rules.routes["other"].cluster.endpoints
        room = sum(one.pool.settings.max_connections for one in endpoints)
        if room:
            yield "service", sum(one.in_flight for one in endpoints) / room
        bulkheads = [
            policy.in_flight / policy.at_most
            for name, policy in rules.policies.items()
            if name[0] == "concurrency"
            and rules.rules[name].mode is Mode.ENFORCE
            and not policy.per
        ]
        if bulkheads:
            yield "concurrency", max(bulkheads)
