"""One record of each sort that spans and logs are made of, and any record whatever."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from sidecar.model.policy import Mode, Notice, Rule
from sidecar.model.verdict import LocalReply
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.record import ExchangeRecord, Keep, Noticed, Try
from tests.telemetry.records import make_record

#: What makes monotonic seconds of the records seconds since 1970.
OFFSET: Final = 1_700_000_000.0

EACH_USER: Final = Rule(
    "rate_limits", "each-user", Mode.ENFORCE, "shop.rules.yaml:12", "fair to all",
    (("team", "checkout"),),
)  # fmt: skip
BOTS: Final = Rule("access", "bots", Mode.SHADOW, "shop.rules.yaml:31")
INVENTORY: Final = Rule("breakers", "inventory", Mode.ENFORCE, "shop.rules.yaml:44")

PLAIN: Final = make_record(
    sampled=True,
    parent_id=b"00f067aa0ba902b8",
    tries=(Try(b"b7ad6b7169203331", 100.2505, 100.262, "app", "127.0.0.1:9000", 200, ""),),
    kept=Keep.SAMPLED,
    trace_state=b"vendor=1",
)
REFUSED: Final = make_record(
    seconds=0.000211,
    overhead_seconds=0.000211,
    method="POST",
    target=b"/orders?coupon=SUMMER",
    status=429,
    reason="rate_limited",
    rule="rate_limits/each-user",
    bytes_received=312,
    bytes_sent=154,
    endpoint="",
    attempts=0,
    evidence=Evidence(
        LocalReply(
            429, "rate_limited", "Too many requests.", 0.48, ((b"RateLimit", b'"default";r=0;t=1'),)
        ),
        (
            Finding(
                EACH_USER,
                Said.REFUSED,
                {
                    "limit": "5/s", "burst": 10.0, "available": 0.2, "per": "user",
                    "key_hash": "b1946ac92492d234", "retry_after": 0.48,
                },
            ),
        ),
    ),
    kept=Keep.REFUSED,
)  # fmt: skip
RETRIED_TWICE: Final = make_record(
    seconds=0.09,
    attempts=3,
    endpoint="127.0.0.1:9002",
    tries=(
        Try(b"b7ad6b7169203331", 100.251, 100.261, "app", "127.0.0.1:9000", 503, ""),
        Try(b"b7ad6b7169203332", 100.275, 100.285, "app", "127.0.0.1:9001", 0, "upstream_reset"),
        Try(b"b7ad6b7169203333", 100.300, 100.339, "app", "127.0.0.1:9002", 200, ""),
    ),
    kept=Keep.ERROR,
)
FALLBACK: Final = make_record(
    seconds=0.0004,
    reason="breaker_open",
    rule="breakers/inventory",
    fallback="fallbacks/unknown-stock",
    applied=Finding(
        Rule("fallbacks", "unknown-stock", Mode.ENFORCE, "shop.rules.yaml:60"),
        Said.APPLIED,
        {"step": "1-static"},
    ),
    endpoint="",
    attempts=0,
    priority=3,
    evidence=Evidence(
        LocalReply(503, "breaker_open", "The service behind this one is not well.", 4.0),
        (
            Finding(
                INVENTORY,
                Said.REFUSED,
                {
                    "state": "open", "opened_by": "slow_ratio", "slow_ratio": 0.6,
                    "slow_ratio_limit": 0.5, "slow_ratio_requests": 40, "openings": 1,
                    "next_probe_seconds": 4.0,
                },
            ),
        ),
    ),
    kept=Keep.DEGRADED,
)  # fmt: skip
SHADOW_HIT: Final = make_record(
    shadow=("access/bots",),
    tries=(Try(b"b7ad6b7169203331", 100.2505, 100.262, "app", "[::1]:9000", 200, ""),),
    evidence=Evidence(
        None,
        (
            Finding(
                BOTS,
                Said.WOULD_REFUSE,
                {
                    "list": "deny",
                    "key": "user-agent",
                    "value": "curl/8…",
                    "key_hash": "95def70b8fb84c30",
                },
            ),
        ),
    ),
)
CLIENT_GONE: Final = make_record(
    status=0,
    reason="client_gone",
    bytes_sent=0,
    tries=(Try(b"b7ad6b7169203331", 100.251, 100.262, "app", "127.0.0.1:9000", 0, "client_gone"),),
    sampled=True,
    kept=Keep.SAMPLED,
)
UPSTREAM_RESET: Final = make_record(
    listener="outbound",
    host=b"inventory",
    upstream="inventory",
    endpoint="unix:/run/inventory.sock",
    method="PURGE",
    status=502,
    reason="upstream_reset",
    tries=(
        Try(
            b"b7ad6b7169203331", 100.251, 100.262, "inventory", "unix:/run/inventory.sock", 0,
            "upstream_reset",
        ),
    ),
    noticed=(
        Noticed(
            100.2615,
            Notice(
                "sidecar.breaker",
                "breaker inventory is open for 5s: 20 of 40 requests in 10s failed",
                {
                    "sidecar.rule.kind": "breakers", "sidecar.rule.name": "inventory",
                    "sidecar.rule.mode": "enforce", "sidecar.breaker.state": "open",
                    "sidecar.breaker.previous_state": "closed",
                    "sidecar.breaker.opened_by": "error_ratio",
                    "sidecar.breaker.open_seconds": 5.0,
                },
                warns=True,
            ),
        ),
    ),
    kept=Keep.ERROR,
)  # fmt: skip

SORTS: Final[dict[str, ExchangeRecord]] = {
    "plain": PLAIN,
    "refused": REFUSED,
    "retried_twice": RETRIED_TWICE,
    "fallback": FALLBACK,
    "shadow_hit": SHADOW_HIT,
    "client_gone": CLIENT_GONE,
    "upstream_reset": UPSTREAM_RESET,
}

# --- any record whatever

_SECONDS = st.floats(0.0, 1e7)
_SHORT = st.floats(0.0, 3600.0)
_BYTES = st.binary(max_size=40)
_WORD = st.text(max_size=12)
_STATUS = st.sampled_from((0, 200, 302, 404, 408, 429, 499, 500, 503, 599))
_REASON = st.sampled_from(
    ("", "rate_limited", "client_gone", "client_stalled", "upstream_reset", "upstream_truncated")
)
_ID = st.integers(1, 2**64 - 1).map(lambda number: b"%016x" % number)
_LABEL = st.sampled_from(("", "rate_limits/each-user", "breakers/inventory", "access/"))
_FACTS = st.dictionaries(
    st.sampled_from(("limit", "burst", "cpu", "state", "value", "key", "openings", "strange")),
    _WORD | st.floats() | st.integers(),
    max_size=5,
)
_RULES = st.sampled_from((EACH_USER, BOTS, INVENTORY))
_FINDINGS = st.builds(Finding, _RULES, st.sampled_from(Said), _FACTS)
_EVIDENCE = st.builds(
    Evidence,
    st.none() | st.just(LocalReply(429, "rate_limited", "Later.", 0.5)),
    st.lists(_FINDINGS, max_size=3).map(tuple),
)


@st.composite
def any_record(draw: st.DrawFn) -> ExchangeRecord:
    """A record with anything in it that a client, a rule or a clock may bring about."""
    started, seconds = draw(_SECONDS), draw(_SHORT)
    moments = st.floats(0.0, 1.0).map(lambda share: started + share * seconds)
    return make_record(
        started=started,
        seconds=seconds,
        listener=draw(st.sampled_from(("inbound", "outbound", "local/app"))),
        method=draw(st.sampled_from(("GET", "POST", "PURGE", "")) | _WORD),
        host=draw(_BYTES),
        target=draw(_BYTES),
        route=draw(_WORD),
        status=draw(_STATUS),
        reason=draw(_REASON),
        rule=draw(_LABEL),
        fallback=draw(_LABEL),
        client=draw(_BYTES),
        trace_id=b"%032x" % draw(st.integers(1, 2**128 - 1)),
        span_id=draw(_ID),
        parent_id=draw(_ID | st.just(b"")),
        trace_state=draw(_BYTES),
        sampled=draw(st.booleans()),
        shadow=tuple(draw(st.lists(_WORD, max_size=2))),
        evidence=draw(st.none() | _EVIDENCE),
        applied=draw(st.none() | st.builds(Finding, _RULES, st.just(Said.APPLIED), _FACTS)),
        minor=draw(st.integers(0, 1)),
        priority=draw(st.integers(0, 3)),
        tries=tuple(
            draw(
                st.lists(
                    st.builds(Try, _ID, moments, moments, _WORD, _WORD, _STATUS, _REASON),
                    max_size=3,
                )
            )
        ),
        noticed=tuple(
            draw(
                st.lists(
                    st.builds(Noticed, moments, st.just(UPSTREAM_RESET.noticed[0].notice)),
                    max_size=2,
                )
            )
        ),
        kept=draw(st.sampled_from(Keep)),
    )
