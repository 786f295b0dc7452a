"""Every ancestor of a kept span is kept: over random trees of services that fail in random ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.model.outcome import CLIENT_GONE, UPSTREAM_RESET, UPSTREAM_TRUNCATED, Failure
from sidecar.proxy import keeping
from sidecar.proxy.keeping import is_kept, mark, why_kept
from sidecar.ruleset.traces import Traces
from sidecar.state.kept_traces import KeptTraces
from sidecar.telemetry.record import Keep, Try
from sidecar.wire.trace_context import SAMPLED

TRACE = b"1" * 32
SLOW = 1.0


@dataclass
class Service:
    """What a service does with the one request that it gets, and whom it calls for it."""

    status: int = 200
    #: Its sidecar refuses, and the service hears nothing.
    refused: bool = False
    #: The answer breaks off after its head; there is none at all.
    truncated: bool = False
    reset: bool = False
    #: The answer never reaches the caller's sidecar: somebody between them breaks the connection.
    lost: bool = False
    before: float = 0.0
    after: float = 0.0
    #: It says nothing of what went wrong with its calls, or passes it on.
    hides: bool = True
    #: Its own telemetry decides anew whether the trace is sampled.
    resamples: bool | None = None
    #: Each call, and how often its sidecar tries again.
    calls: list[tuple[Service, int]] = field(default_factory=list)


@dataclass
class Answer:
    """What a caller's sidecar sees."""

    status: int
    told: bool
    failure: Failure | None


services = st.recursive(
    st.builds(Service, calls=st.just([])),
    lambda inner: st.builds(
        Service,
        status=st.sampled_from([200, 200, 200, 404, 500, 503]),
        refused=st.sampled_from([False] * 9 + [True]),
        truncated=st.sampled_from([False] * 5 + [True]),
        reset=st.sampled_from([False] * 5 + [True]),
        lost=st.sampled_from([False] * 5 + [True]),
        before=st.sampled_from([0.0, 0.0, 0.4, 1.0]),
        after=st.sampled_from([0.0, 0.0, 0.4, 1.0]),
        hides=st.booleans(),
        resamples=st.sampled_from([None, None, None, False, True]),
        calls=st.lists(st.tuples(inner, st.integers(0, 2)), max_size=3),
    ),
    max_leaves=8,
)


class World:
    """All sidecars, on one clock."""

    def __init__(self, traces: Traces) -> None:
        self.now = 0.0
        self._rules = SimpleNamespace(traces=traces)
        #: Every exchange that has ended, with those above it and why it is kept.
        self.ended: list[Any] = []

    def exchange(self, engine: Any, flags: int, *, is_service: bool) -> Any:
        peer = SimpleNamespace(is_service=is_service)
        return SimpleNamespace(
            trace_id=TRACE, trace_flags=flags, status=0, tries=(), below=False, given_up=False,
            refused_by=None, detour=None, engine=engine, rules=self._rules, started=self.now,
            downstream=SimpleNamespace(peer=peer),
        )  # fmt: skip

    def serve(self, service: Service, flags: int, above: tuple[Any, ...]) -> Answer:
        """A request comes in at a service's sidecar, by which its own calls leave, too."""
        engine = SimpleNamespace(kept_traces=KeptTraces())
        inbound = self.exchange(engine, flags, is_service=False)
        way = (*above, inbound)
        if service.refused:
            inbound.status, inbound.refused_by = 429, object()
            told = is_kept(inbound)
            self._end(way, None)
            return Answer(429, told, None)
        own = flags if service.resamples is None else int(service.resamples)
        status = self._work(service, engine, own, way)
        if service.reset:
            inbound.tries = (self._try(0, UPSTREAM_RESET.reason),)
            inbound.status = 502
            told = is_kept(inbound, UPSTREAM_RESET)
            self._end(way, UPSTREAM_RESET)
            return Answer(502, told, None)
        inbound.status = status
        told = is_kept(inbound)
        self.now += service.after
        failure = UPSTREAM_TRUNCATED if service.truncated else None
        inbound.tries = (self._try(*(0, failure.reason) if failure else (status, "")),)
        self._end(way, failure)
        return Answer(status, told, failure)

    def _work(self, service: Service, engine: Any, flags: int, way: tuple[Any, ...]) -> int:
        status = service.status
        for called, again in service.calls:
            seen = self.call(called, again, engine, flags, way)
            if not service.hides and (seen.failure is not None or seen.status >= 500):
                status = 502
        self.now += service.before
        return status

    def call(
        self, called: Service, again: int, engine: Any, flags: int, above: tuple[Any, ...]
    ) -> Answer:
        """A call leaves by the service's sidecar, which tries again when the answer is a 5xx."""
        outbound = self.exchange(engine, flags, is_service=True)
        way = (*above, outbound)
        while True:
            seen = self.serve(called, flags, way)
            if called.lost:
                seen = Answer(502, False, UPSTREAM_RESET)
            outbound.below = outbound.below or seen.told
            reason = "" if seen.failure is None else seen.failure.reason
            outbound.tries += (self._try(0 if reason else seen.status, reason),)
            if seen.status < 500 or not again:
                break
            again -= 1
        outbound.status = seen.status
        self._end(way, seen.failure)
        return seen

    @staticmethod
    def _try(status: int, reason: str) -> Try:
        return Try(b"2" * 16, 0.0, 0.0, "next", "next", status, reason)

    def _end(self, way: tuple[Any, ...], failure: Failure | None) -> None:
        exchange = way[-1]
        exchange.kept = why_kept(exchange, failure, self.now - exchange.started)
        if exchange.kept:
            mark(exchange, self.now)
        exchange.above = way[:-1]
        self.ended.append(exchange)


@pytest.mark.parametrize("traces", [
    Traces(slow=SLOW), Traces(), Traces(error=False), Traces(refused=False, slow=SLOW),
])  # fmt: skip
@example(root=Service(calls=[(Service(lost=True, calls=[(Service(refused=True), 0)]), 0)]), flags=0)
@given(root=services, flags=st.sampled_from([0, 0, 0, SAMPLED]))
def test_every_ancestor_of_a_kept_span_is_kept(root: Service, flags: int, traces: Traces) -> None:
    world = World(traces)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping, "clock", lambda: world.now)
        world.serve(root, flags, ())
    for exchange in world.ended:
        if exchange.kept:
            assert all(above.kept for above in exchange.above)
    if not traces.error:
        return
    failed = [one for one in world.ended if one.status >= 500]
    assert all(one.kept for one in failed)


def test_what_went_well_everywhere_is_not_kept() -> None:
    world = World(Traces(slow=SLOW))
    leaf = Service()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping, "clock", lambda: world.now)
        world.serve(Service(calls=[(leaf, 1), (Service(calls=[(leaf, 0)]), 0)]), 0, ())
    assert [one.kept for one in world.ended] == [Keep.NOT] * 7


def test_a_client_that_goes_away_is_no_error() -> None:
    world = World(Traces())
    exchange = world.exchange(SimpleNamespace(kept_traces=KeptTraces()), 0, is_service=False)
    assert why_kept(exchange, CLIENT_GONE, 0.1) is Keep.NOT
    exchange.given_up = True
    assert why_kept(exchange, CLIENT_GONE, 0.1) is Keep.BELOW
