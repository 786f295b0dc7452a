"""Rate limits: so many requests a second, for all together or for each value of a key.

Each value of `per` has a bucket that holds `burst` requests and gains `limit`; a request takes
one out, and is refused with 429 when there is none, together with the time until there is. A
refused request takes nothing: hammering makes nobody wait longer, and who has a bucket alone and
comes back when told is let in. `per: [user, client_ip]` is one bucket for each pair.

`token_bucket` and `gcra` are the same formula with different defaults: a token bucket lets a
second's worth of the limit through at once, GCRA spaces requests evenly (`burst: 1`).

Changing `limit`, `burst` or `algorithm` while running refills nothing: who had spent everything
has still spent everything, and a larger burst is earned. Changing `per` starts anew, for the
numbers known so far belong to other values.
"""

from __future__ import annotations

from enum import Enum
from math import ceil, floor
from typing import Annotated, ClassVar, final

from pydantic import AfterValidator

from sidecar.algorithms.token_bucket import ENOUGH_FOR_ONE, TokenBuckets
from sidecar.model.http import RequestHead
from sidecar.model.policy import BuildContext, Facts, GateBasics, Key, Reading, Stage, Ticket
from sidecar.model.reading import unreadable
from sidecar.model.spec import KeyUse, RuleSpec, uses_of
from sidecar.model.values import Count, KeyName, OneOrMany, Rate
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict
from sidecar.state.row_key import row_key_reader

#: More than one process can serve; beyond it, sums of tokens would lose single requests.
_HIGHEST_PER_SECOND = 1e6


class Algorithm(Enum):
    """How a limit spreads what it lets through."""

    TOKEN_BUCKET = "token_bucket"  # noqa: S105 - a word of the rule language
    GCRA = "gcra"


def _checked_rate(rate: Rate) -> Rate:
    if rate.unit != "requests":
        problem = "limits in units, with a cost for each request, are not supported yet"
        raise unreadable("not-supported-yet", problem, "write a rate of requests, such as 5/s")
    if rate.per_second > _HIGHEST_PER_SECOND:
        problem = "more than 1000000/s is as good as no limit"
        raise unreadable("bad-rate", problem, "write a lower rate, or leave the rule out")
    return rate


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise unreadable("bad-value", "a key stands twice", "name each key once")
    return names


class RateLimitSpec(RuleSpec):
    """So many requests in so long, for all together or for each value of `per`."""

    kind: ClassVar[str] = "rate_limits"

    limit: Annotated[Rate, AfterValidator(_checked_rate)]
    """How many requests in how long, such as `50/s` or `1/10s`."""
    per: Annotated[OneOrMany[KeyName], AfterValidator(_distinct)] = ()
    """The declared key, or keys, each of whose values has this limit; all share one if left out."""
    algorithm: Algorithm = Algorithm.TOKEN_BUCKET
    """`token_bucket` lets bursts through, `gcra` spaces evenly unless it has a `burst`."""
    burst: Count | None = None
    """How many may come at once after a quiet time; if left out, a second's worth of the limit
    for `token_bucket`, at least 1, and 1 for `gcra`."""

    def build(self, context: BuildContext) -> RateLimit:
        """The live gate, with every bucket full."""
        keys = tuple(context.key(name) for name in sorted(self.per))
        return RateLimit(self.limit, self.burst_tokens, keys)

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, and those of ``per``."""
        return super().keys_used() + uses_of(self.per, "per")

    @property
    def burst_tokens(self) -> float:
        """How many requests may come at once, as written or by default."""
        if self.burst is not None:
            return float(self.burst)
        return 1.0 if self.algorithm is Algorithm.GCRA else max(1.0, self.limit.per_second)


@final
class RateLimit(GateBasics):
    """Refuses what is more than the limit, and says when to come back."""

    __slots__ = ("_announced", "_buckets", "_limit", "_read", "per", "stage")

    def __init__(self, limit: Rate, burst: float, keys: tuple[Key, ...]) -> None:
        #: Names of the keys that a bucket belongs to, in alphabetical order.
        self.per = tuple(key.name for key in keys)
        self.stage = Stage.KEYED_LIMIT if keys else Stage.SHARED_LIMIT
        self._limit = _written(limit)
        self._read = row_key_reader(keys)
        room = min((key.track_at_most for key in keys), default=1)
        self._buckets = TokenBuckets(limit.per_second, burst, room)
        self._announced = _announced_policy(limit)

    def readings(self, now: float) -> tuple[Reading, ...]:
        """How many values of its keys are remembered, and were forgotten too early."""
        if not self.per:
            return ()
        return Reading("tracked_keys", self.tracked), Reading("evictions", self.evictions)

    @property
    def tracked(self) -> int:
        """How many values of its keys are remembered."""
        return self._buckets.tracked

    @property
    def evictions(self) -> int:
        """How many values were forgotten for want of room (`track_at_most`) while they mattered."""
        return self._buckets.evictions

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Admit while there is a request's worth in the bucket."""
        key = self._read(request)
        if self._buckets.available(key, now) >= ENOUGH_FOR_ONE:
            return ADMIT
        return self._refusal(key, now)

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Take one request's worth out of the bucket."""
        self._buckets.take(self._read(request), now)
        return 0

    def adopt(self, predecessor: RateLimit, now: float) -> None:
        """Go on with the predecessor's buckets when they belong to the same keys."""
        if predecessor.per == self.per:
            self._buckets.adopt(predecessor._buckets, now)

    def facts(self, request: RequestHead, now: float) -> Facts:
        """What is in the request's bucket."""
        return self._facts(self._read(request), now)

    def _facts(self, key: bytes, now: float) -> dict[str, str | float]:
        facts: dict[str, str | float] = {
            "limit": self._limit,
            "burst": self._buckets.burst,
            "available": self._buckets.available(key, now),
        }
        if self.per:
            facts["per"] = ", ".join(self.per)
        return facts

    def _refusal(self, key: bytes, now: float) -> Respond:
        retry_after = self._buckets.seconds_until(key, now)
        facts = {**self._facts(key, now), "retry_after": retry_after}
        headers = (
            (b"RateLimit-Policy", self._announced),
            (b"RateLimit", b'"default";r=0;t=%d' % ceil(retry_after)),
        )
        detail = "Too many requests."
        return Respond(LocalReply(429, "rate_limited", detail, retry_after, headers, facts))


def _announced_policy(limit: Rate) -> bytes:
    """The limit as draft-ietf-httpapi-ratelimit-headers has it: whole requests, whole seconds."""
    window = ceil(max(limit.per_seconds, limit.per_seconds / limit.amount))
    quota = max(1, floor(limit.amount * window / limit.per_seconds))
    return b'"default";q=%d;w=%d' % (quota, window)


def _written(limit: Rate) -> str:
    period = "" if limit.per_seconds == 1 else f"{limit.per_seconds:.12g}"
    return f"{limit.amount:.12g}/{period}s"
