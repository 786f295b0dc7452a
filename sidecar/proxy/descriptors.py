"""How many files and sockets the system lets us have open, and how many the rules may need."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.ruleset.directions import INBOUND

if TYPE_CHECKING:
    from sidecar.ruleset.routes import RuleSet


def raise_limit() -> tuple[int, int]:
    """Take all the descriptors that are ours for the asking; two go into every request.

    The lower limit that processes start with is for those that use ``select``. Returns what it
    was, and the most that may be taken.
    """
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return before, most


def shortage(rules: RuleSet) -> str:
    """What is to be said when the rules allow more connections than there may be open files.

    Empty when they do not.
    """
    needed = most_needed(rules)
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or needed <= allowed:
        return ""
    return (
        f"the rules allow {needed} connections, the system {allowed} open files: "
        "raise the limit of open files (ulimit -n, LimitNOFILE=), or lower limits.connections"
    )


def most_needed(rules: RuleSet) -> int:
    """How many connections there are when every limit of the rules is reached."""
    inbound = rules.listener(INBOUND).limits.connections
    # The service has so many connections, at whichever of the others.
    others = (one.limits.connections for name, one in rules.listeners.items() if name != INBOUND)
    clients = inbound + max(others, default=0)
    pools = [endpoint.pool for cluster in rules.clusters.values() for endpoint in cluster.endpoints]
    return clients + sum(pool.settings.max_connections for pool in pools)
