"""Retries that rules ask for: whether an attempt is made once more, and the wait before it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from math import inf
from typing import TYPE_CHECKING, Any

from sidecar.model.outcome import Failure, Retry
from sidecar.model.policy import Mode
from sidecar.policies.retry import FailedTry
from sidecar.proxy.account import count_attempt
from sidecar.proxy.clock import clock
from sidecar.proxy.forwarder import HELD_BYTES, Forwarder
from sidecar.proxy.recourse import Recourse

if TYPE_CHECKING:
    from sidecar.model.http import ResponseHead
    from sidecar.ruleset.routes import Clause

#: Why an attempt is made once more whose answer had a status that a rule names.
_STATUS_REASON = "retriable_status"
_RETRY_AFTER = b"retry-after"
_RETRY_AFTER_DIGITS = 9


class Retrying(Forwarder):
    """An exchange that may try again."""

    def _reconsidered(self, head: ResponseHead, body: bytes, *, ended: bool) -> bool:  # noqa: ARG002 - for those who build on it
        """Whether an answer of 4xx or 5xx is not passed on, because something better may come."""
        if not self.chain.retries or not self._retry(None, head):
            return False
        self._throw_away(head.status, ended=ended)
        return True

    def _throw_away(self, status: int, *, ended: bool) -> None:
        """Let go of an answer that has begun, and of its connection unless it is complete."""
        count_attempt(self, status, "", clock())
        upstream = self.upstream
        self._leave_upstream()
        if upstream is not None and not ended:
            upstream.abandon()

    def _retry(self, failure: Failure | None, head: ResponseHead | None = None) -> bool:
        """Whether the attempt that has just failed is made once more."""
        if self.status:
            return False
        if self.recourse is not None:
            self.recourse.count_out()
        failed = self._failed_try(failure, head)
        chosen: Clause[Any] | None = None
        seconds = None
        for clause in self.chain.retries:
            if clause.rule.mode is Mode.SHADOW:
                if self._wait_of(clause, failed) is not None:
                    clause.tally.applied += 1
            elif chosen is None and self._holds(clause):
                chosen = clause
                seconds = self._wait_of(clause, failed)
        if chosen is None or seconds is None:
            return False
        self._rest(chosen, seconds, failed.reason or _STATUS_REASON)
        return True

    def _holds(self, clause: Clause[Any]) -> bool:
        request = self.request
        matches = clause.matches
        return (matches is None or matches(request)) and clause.policy.governs(request)

    def _wait_of(self, clause: Clause[Any], failed: FailedTry) -> float | None:
        if not self._holds(clause) or not clause.policy.wants(self.request, failed):
            return None
        wait: float | None = clause.policy.wait(self.request, failed)
        return wait

    def _failed_try(self, failure: Failure | None, head: ResponseHead | None) -> FailedTry:
        now = clock()
        untouched = failure is not None and failure.retry is Retry.ALWAYS
        cluster = self.route.cluster
        load = self.engine.retry_load(cluster.name)
        active = sum(one.in_flight + len(one.pool.pending) for one in cluster.endpoints)
        return FailedTry(
            reason="" if failure is None else failure.reason,
            status=0 if head is None else head.status,
            untouched=untouched,
            # While it waited for a connection, more may have come than is kept.
            replayable=self._replayable() and (untouched or self._held_bytes <= HELD_BYTES),
            retries=0 if self.recourse is None else self.recourse.retries,
            took=0.0 if untouched else now - self.asked,
            left=self.deadline - now,
            retry_after=0.0 if head is None else self._retry_after(head),
            active=active + load.resting + (self.upstream is None),
            retrying=load.retrying,
        )

    def _retry_after(self, head: ResponseHead) -> float:
        """Seconds after which the upstream wants to be asked again (RFC 9110, 10.2.3)."""
        said = head.fields.get(_RETRY_AFTER)
        if said is None:
            return 0.0
        if said.isdigit():
            return float(said) if len(said) <= _RETRY_AFTER_DIGITS else inf
        try:
            until = parsedate_to_datetime(said.decode("ascii"))
            wait = until - parsedate_to_datetime(self.engine.date.decode("ascii"))
        except (TypeError, ValueError):
            return inf
        return max(wait.total_seconds(), 0.0)

    def _rest(self, clause: Clause[Any], seconds: float, reason: str) -> None:
        """Wait, and then try again."""
        recourse = self.recourse
        if recourse is None:
            recourse = self.recourse = Recourse()
        self.first_asked = self.first_asked or self.waited_from or self.asked
        recourse.retries += 1
        recourse.retried_by = clause
        recourse.count_in(self.engine.retry_load(self.route.cluster.name))
        clause.tally.applied += 1
        endpoint = self.endpoint
        if endpoint is not None:
            self.engine.connector(endpoint).meters.retries_total(reason)
            self._tried += (endpoint,)
        # Nobody's turn now: the end of the request's body must not start the clock of a try.
        self._head = b""
        self.try_deadline = self.deadline
        self._hold_body()
        self._timer = self.engine.loop.call_later(seconds, self._try_once_more)

    def _try_once_more(self) -> None:
        self._timer = None
        if self.recourse is not None:
            self.recourse.wake()
        self._forward(clock())
