"""How many files and sockets the system lets us have open, and how many the rules may need."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.ruleset.routes import RuleSet


def raise_limit() -> None:
    """Take all the descriptors that are ours for the asking; two go into every request.

    The lower limit that processes start with is for those that use ``select``.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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
    clients = sum(listener.limits.connections for listener in rules.listeners.values())
    pools = [endpoint.pool for cluster in rules.clusters.values() for endpoint in cluster.endpoints]
    return clients + sum(pool.settings.max_connections for pool in pools)
