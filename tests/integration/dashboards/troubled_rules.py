"""Rule files with what the shop's do not have, for sidecars that get into trouble."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.integration.rule_text import rules
from tests.servers.ports import Address

GATES: Final = "gates"
CALLS: Final = "calls"
CROWDED: Final = "crowded"
STRAINED: Final = "strained"
DOOMED: Final = "doomed"

#: One client may have so many connections to the strained one.
MOST_CONNECTIONS: Final = 60
#: Rules that the strained one has to ask about each request, when there are so many.
MANY_RULES: Final = 150
#: So much that the garbage collector looks through it once at least.
_MUCH: Final = 250
_OVERRIDES: Final = {f"user-{number}": "1000/s" for number in range(20)}
_SCRAPED: Final = {"logs": {"file": "none"}, "prometheus": {"bind": "127.0.0.1:0"}}


def gates(app: Address, slow: Address, scalpers: Path, elasticsearch: str) -> str:
    """Rules of every kind that stand before the service, each on a path of its own."""
    documents = {"url": elasticsearch, "namespace": "troubled"}
    return rules(
        app,
        service=GATES,
        upstreams={"app": {"targets": [app]}, "slow": {"targets": [slow]}},
        routes=[{"name": "slow", "match": {"path": ["/slots", "/seats"]}, "upstream": "slow"}],
        keys={
            "user": {"from": "cookie", "name": "user"},
            "guest": {"from": "query", "name": "guest", "track_at_most": 10},
        },
        access=[{"name": "scalpers", "deny": {"user": {"file": str(scalpers)}}}],
        faults=[
            {
                "name": "chaos",
                "match": {"path": "/chaos"},
                "delay": {"of": "20ms", "share": "50%"},
                "abort": {"status": 503, "share": "50%"},
            }
        ],
        rate_limits=[
            {
                "name": "export",
                "match": {"path": "/export"},
                "limit": "5/s",
                "algorithm": "pace",
                "wait_at_most": "5s",
            },
            {
                "name": "guests",
                "match": {"path": "/guests"},
                "per": "guest",
                "limit": "1/10s",
                "burst": 5,
            },
            {
                "name": "shy",
                "match": {"path": "/shy"},
                "per": "user",
                "limit": "1/10s",
                "mode": "shadow",
            },
        ],
        concurrency=[
            {
                "name": "slots",
                "match": {"path": "/slots"},
                "at_most": 2,
                "queue": {"at_most": 20, "wait_at_most": "10s"},
            },
            {"name": "seats", "match": {"path": "/seats"}, "per": "user", "at_most": 1},
        ],
        alerts=[{"name": "rule-files", "kind": "rules_refused"}],
        telemetry={**_SCRAPED, "elasticsearch": documents},
    )


def calls(upstreams: Mapping[str, Address], fleet: list[Address]) -> str:
    """Upstreams that are slow, that fail, that are narrow, and one of several addresses."""
    every: dict[str, dict[str, Any]] = {
        name: {"targets": [address]} for name, address in upstreams.items()
    }
    every["narrow"] |= {"pool": {"max_connections": 1, "max_pending": 1}}
    health = {"get": "/healthz", "every": "1s", "timeout": "1s", "unhealthy_after": 2}
    return rules(
        None,
        service=CALLS,
        upstreams={
            **every,
            "fleet": {
                "targets": fleet,
                "eject": {"after_consecutive_failures": 2, "for": "30s", "at_most": "70%"},
                "health": health,
            },
        },
        routes=[
            {"name": name, "match": {"path": f"/{name}"}, "upstream": name}
            for name in ("flaky", "narrow", "fleet")
        ],
        breakers=[
            {
                "name": "stock",
                "upstream": "app",
                "open_when": {
                    "slow_ratio": "50%",
                    "slower_than": "500ms",
                    "over": "5s",
                    "at_least": "5 requests",
                },
                "open_for": {"first": "1s"},
            }
        ],
        retries=[
            {
                "name": "again",
                "upstream": "flaky",
                "on": 503,
                "backoff": {"first": "100ms", "at_most": "100ms", "jitter": "none"},
                "budget": {"at_most": "0.1%", "at_least": 1},
            }
        ],
        fallbacks=[
            {
                "name": "spare",
                "match": {"path": "/spared"},
                "when": "any",
                "try": [{"serve": "upstream", "upstream": "spare"}],
                "exercise": "100%",
            }
        ],
        telemetry=_SCRAPED,
    )


def crowded(app: Address) -> str:
    """More comes than its few slots can take, and overload sheds whom nobody misses."""
    return rules(
        app,
        service=CROWDED,
        priorities=[
            {"name": "crawlers", "match": {"header": {"user-agent": "*bot*"}}, "level": "low"}
        ],
        overload=[{"name": "queues", "queue_delay": {"shed_above": "150ms"}}],
        concurrency=[
            {"name": "few", "at_most": 2, "queue": {"at_most": 99, "wait_at_most": "10s"}}
        ],
        telemetry=_SCRAPED,
    )


def strained(app: Address, listed: Path, more_rules: int = 0) -> str:
    """A sidecar with a list, with few connections for each client, and perhaps many rules."""
    return rules(
        app,
        service=STRAINED,
        inbound={"limits": {"connections_per_client": MOST_CONNECTIONS}},
        keys={
            "client": {"from": "client.address"},
            "user": {"from": "cookie", "name": "user"},
        },
        access=[{"name": "listed", "deny": {"user": {"file": str(listed)}}}],
        rate_limits=[
            {"name": f"limit-{number}", "per": "client", "limit": "1000000/s"}
            for number in range(more_rules)
        ],
        overload=[{"name": "host", "cpu": {"shed_above": "95%"}, "mode": "shadow"}],
        telemetry=_SCRAPED,
    )


def doomed(app: Address, much: int = 0) -> str:
    """One whose process will end; before that it is given very large files, each another one."""
    limit = {"per": "client", "limit": "1000/s", "overrides": _OVERRIDES}
    names = [f"limit-{much}-{number}" for number in range(_MUCH)] if much else []
    return rules(
        app,
        service=DOOMED,
        keys={"client": {"from": "client.address"}},
        rate_limits=[{"name": name, **limit} for name in names],
        telemetry=_SCRAPED,
    )
