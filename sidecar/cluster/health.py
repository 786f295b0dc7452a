"""Which endpoints of a cluster are well: what requests to them told, and what checks told.

Requests that fail one after another eject an endpoint for a while; checks that fail take it out
until they succeed. What is our own doing (a full pool, a client that went away) tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from sidecar.cluster.ejection import EjectSettings
from sidecar.model.policy import Notice

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Endpoint

#: Why an attempt failed, where that is the endpoint's fault. A kept-alive connection that went
#: stale is nobody's; that no connection could be made is told once for each that was tried.
FAULTS: Final = frozenset({
    "upstream_reset", "upstream_bad_response", "upstream_truncated",
    "per_try_timeout", "request_timeout", "idle_timeout",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What is asked how often, and what is made of the answers; times in seconds."""

    path: bytes = b"/"
    every: float = 5.0
    timeout: float = 1.0
    healthy_after: int = 2
    unhealthy_after: int = 3
    #: First and last status of each range that is an answer of a healthy endpoint.
    expect: tuple[tuple[int, int], ...] = ((200, 299),)

    def expects(self, status: int) -> bool:
        """Whether a healthy endpoint answers so."""
        return any(first <= status <= last for first, last in self.expect)


class Checks:
    """What is known of one endpoint from checks."""

    __slots__ = ("due", "failed", "is_healthy", "passed", "row", "running")

    def __init__(self) -> None:
        #: Until a check says otherwise.
        self.is_healthy = True
        #: Results in a row that speak against that.
        self.row = 0
        self.passed = 0
        self.failed = 0
        #: When the next one begins; None when nobody has said yet.
        self.due: float | None = None
        self.running = False


def _nobody_listens(notice: Notice) -> None:
    """Where nobody wants to hear it."""


class Health:
    """The endpoints of one cluster that are out. One for each cluster, the same over reloads."""

    __slots__ = ("_endpoints", "_tell", "_until", "checks", "cluster", "down", "eject")

    def __init__(self, cluster: str, tell: Callable[[Notice], None] = _nobody_listens) -> None:
        self.cluster = cluster
        #: Those that get no requests. Empty when all is well, and then it costs nothing.
        self.down: set[Endpoint] = set()
        self.eject: EjectSettings | None = None
        self.checks: CheckSettings | None = None
        self._tell = tell
        self._endpoints: tuple[Endpoint, ...] = ()
        #: When the first ejection ends.
        self._until = inf

    def obey(
        self,
        endpoints: tuple[Endpoint, ...],
        eject: EjectSettings | None,
        checks: CheckSettings | None,
    ) -> None:
        """From now on these are the endpoints, and this is what is made of what they do."""
        for gone in self._endpoints:
            if gone not in endpoints:
                # Whoever comes back later is somebody that nobody knows anything of.
                gone.ejection.end(0, -inf)
                gone.checks.is_healthy = True
        self.eject, self.checks, self._endpoints = eject, checks, endpoints
        for endpoint in endpoints:
            endpoint.watch = self if eject is not None else None
            if eject is None and endpoint.ejection.is_out:
                endpoint.ejection.end(0, -inf)
            if checks is None:
                endpoint.checks.is_healthy = True
                endpoint.checks.due = None
        self.down.intersection_update(endpoints)
        self.down.difference_update([one for one in self.down if one.is_well])
        self._until = self._first_return()

    def heard(self, endpoint: Endpoint, status: int, error: str, now: float) -> None:
        """The end of an attempt at ``endpoint``: its status, or why there is none."""
        if error in FAULTS or status >= 500:
            self.failed(endpoint, now)
        elif not error:
            endpoint.ejection.failures = 0

    def failed(self, endpoint: Endpoint, now: float) -> None:
        """A request to ``endpoint`` has failed, or no connection to it could be made."""
        eject, ejection = self.eject, endpoint.ejection
        ejection.failures += 1
        if eject is None or ejection.failures < eject.after or ejection.is_out:
            return
        out = len(self.down) + (endpoint not in self.down)
        if endpoint not in self._endpoints or out > eject.may_be_out(len(self._endpoints)):
            return
        failures = ejection.failures
        seconds = ejection.begin(eject, now)
        self.down.add(endpoint)
        self._until = min(self._until, ejection.until)
        why = f"{failures} failures in a row"
        self._say(endpoint, "ejected", f"is ejected for {seconds:g}s: {why}")

    def checked(self, endpoint: Endpoint, problem: str, now: float) -> None:
        """A check of ``endpoint`` has ended; ``problem`` is empty when it is well."""
        settings, checks = self.checks, endpoint.checks
        if settings is None or endpoint not in self._endpoints:
            return
        if problem:
            checks.failed += 1
        else:
            checks.passed += 1
            if endpoint.ejection.is_out:
                self._return(endpoint, 0, now, "a health check succeeded")
        if (not problem) == checks.is_healthy:
            checks.row = 0
            return
        checks.row += 1
        if problem and checks.row >= settings.unhealthy_after:
            checks.is_healthy, checks.row = False, 0
            self.down.add(endpoint)
            self._say(endpoint, "unhealthy", f"fails its health checks: {problem}")
        elif not problem and checks.row >= settings.healthy_after:
            checks.is_healthy, checks.row = True, 0
            self.down.discard(endpoint)
            self._say(endpoint, "up", "passes its health checks")

    def look(self, now: float) -> None:
        """Take back those whose ejection is over; called by the sweep."""
        if now < self._until:
            return
        for endpoint in self._endpoints:
            if endpoint.ejection.is_out and now >= endpoint.ejection.until:
                # On probation: the next failure is one too many.
                failures = self.eject.after - 1 if self.eject is not None else 0
                self._return(endpoint, failures, now, "its time was over")
        self._until = self._first_return()

    def _return(self, endpoint: Endpoint, failures: int, now: float, why: str) -> None:
        endpoint.ejection.end(failures, now)
        if endpoint.is_well:
            self.down.discard(endpoint)
            self._say(endpoint, "up", f"is no longer ejected: {why}")

    def _first_return(self) -> float:
        ends = [one.ejection.until for one in self._endpoints if one.ejection.is_out]
        return min(ends, default=inf)

    def _say(self, endpoint: Endpoint, state: str, what: str) -> None:
        text = f"endpoint {endpoint.name} of {self.cluster} {what}"
        facts = {
            "sidecar.upstream": self.cluster,
            "sidecar.endpoint": endpoint.name,
            "sidecar.endpoint_state": state,
        }
        self._tell(Notice("sidecar.endpoint", text, facts))
