"""Rate limits as an admin writes them, and requests to ask them with."""

from __future__ import annotations

from typing import Any

from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT, LocalReply, Respond
from sidecar.policies.rate_limit import RateLimit, RateLimitSpec
from tests.policies.building import with_keys

TRACKED = {"user": 1000, "client": 50}

#: Each algorithm with what it needs, for a limit that is put beside it.
ALGORITHMS: dict[str, dict[str, Any]] = {
    "token_bucket": {"burst": 3},
    "gcra": {},
    "fixed_window": {},
    "sliding_window": {},
    "moving_window": {},
    "warm_up": {"warm_up": {"for": "10s", "from": "30%"}, "burst": 4},
    "pace": {"wait_at_most": "1ms"},
}


def gate(**fields: Any) -> RateLimit:
    """The live gate of a rule with these fields."""
    return RateLimitSpec.model_validate({"name": "a-rule", **fields}).build(
        with_keys(TRACKED, default=b"unknown")
    )


def limit_by(algorithm: str, limit: str, **fields: Any) -> RateLimit:
    """The live gate of a limit with this algorithm."""
    return gate(limit=limit, algorithm=algorithm, **ALGORITHMS[algorithm], **fields)


def request(**keys: str) -> RequestHead:
    """A request with these values in header fields of their names."""
    head = RequestHead("GET", b"/", 1)
    head.fields = {f"x-{name}".encode(): value.encode() for name, value in keys.items()}
    return head


def passes(limit: RateLimit, head: RequestHead, now: float) -> bool:
    """Whether the request is admitted; it is counted if so."""
    if limit.peek(head, now) is not ADMIT:
        return False
    limit.take(head, now)
    return True


def passed(limit: RateLimit, head: RequestHead, now: float, at_most: int = 1000) -> int:
    """How many get through at once before the first refusal."""
    for count in range(at_most):
        if not passes(limit, head, now):
            return count
    return at_most


def refusal(limit: RateLimit, head: RequestHead, now: float) -> LocalReply:
    """What is answered to a request that is refused."""
    verdict = limit.peek(head, now)
    assert isinstance(verdict, Respond), verdict
    return verdict.reply
