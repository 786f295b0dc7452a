"""Every word that says why something was refused, failed or was dropped."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry.declaration import Reason, Use

#: Counted in place of a word that is not declared, so that label sets stay closed whatever
#: happens. One that is not zero is a bug.
OTHER: Final = "_OTHER"


def _reason(name: str, help_text: str, *uses: Use) -> Reason:
    return Reason(name, help_text, frozenset(uses))


_REJECTIONS: Final = (
    _reason(
        "bad_request", "The request was malformed or could be read in two ways.", Use.REJECTION
    ),
    _reason(
        "uri_too_long", "The request line was longer than `limits.request_line`.", Use.REJECTION
    ),
    _reason(
        "head_too_large",
        "The head had more than `limits.header_bytes` or `limits.header_count`.",
        Use.REJECTION,
    ),
    _reason("body_too_large", "The body was larger than `limits.body`.", Use.REJECTION),
    _reason("head_timeout", "The head did not arrive within `limits.head_within`.", Use.REJECTION),
    _reason("body_too_slow", "The body came slower than `limits.body_rate`.", Use.REJECTION),
    _reason("method_not_supported", "The method is one that is not proxied.", Use.REJECTION),
    _reason("version_not_supported", "The HTTP version is not spoken here.", Use.REJECTION),
    _reason("not_implemented", "A transfer coding that is not spoken here.", Use.REJECTION),
    _reason("expectation_failed", "`Expect` asked for something unknown.", Use.REJECTION),
    _reason(
        "misdirected",
        "The request named a host that is not served on this listener, or is no upstream's.",
        Use.REJECTION,
        Use.REFUSAL,
    ),
    _reason("loop_detected", "The request had been through this sidecar before.", Use.REJECTION),
    _reason(
        "draining",
        "The sidecar is going away and takes nothing new.",
        Use.REJECTION,
        Use.CONNECTION,
    ),
)

_CONNECTIONS: Final = (
    _reason("too_many_connections", "`limits.connections` were open already.", Use.CONNECTION),
    _reason(
        "too_many_connections_of_client",
        "The client held `limits.connections_per_client` already.",
        Use.CONNECTION,
    ),
    _reason(
        "tls_handshake_failed", "The client and the listener agreed on no TLS.", Use.CONNECTION
    ),
)

_REFUSALS: Final = (
    _reason(
        "invalid_token", "A bearer token was shown that `trust.jwt` does not believe.", Use.REFUSAL
    ),
    _reason(
        "token_keys_missing",
        "A token was shown, and the issuer's keys are not there yet.",
        Use.REFUSAL,
    ),
    _reason("access_denied", "An access rule does not let this request in.", Use.REFUSAL),
    _reason("fault_injected", "A fault rule has ordered this failure.", Use.REFUSAL),
    _reason("rate_limited", "A rate limit is exhausted.", Use.REFUSAL),
    _reason("breaker_open", "A breaker is open, or all its probes are out.", Use.REFUSAL),
    _reason("overloaded", "This host has too much to do, and others matter more.", Use.REFUSAL),
    _reason(
        "concurrency_limited",
        "All slots of a bulkhead are taken, and its line is full or was waited in too long.",
        Use.REFUSAL,
    ),
)

_FAILURES: Final = (
    _reason(
        "connect_failure",
        "No connection to the endpoint could be made.",
        Use.FAILURE,
        Use.CONNECT,
        Use.RETRY,
    ),
    _reason(
        "connect_timeout",
        "The connection did not come about within `pool.connect_timeout`.",
        Use.FAILURE,
        Use.CONNECT,
        Use.RETRY,
    ),
    _reason(
        "upstream_tls_failure",
        "The TLS handshake with the endpoint failed, or its certificate was not accepted.",
        Use.FAILURE,
        Use.CONNECT,
        Use.RETRY,
    ),
    _reason(
        "stale_connection",
        "A pooled connection was closed by the endpoint before it answered.",
        Use.FAILURE,
        Use.RETRY,
    ),
    _reason(
        "upstream_reset",
        "The endpoint broke the connection before it answered.",
        Use.FAILURE,
        Use.RETRY,
    ),
    _reason(
        "upstream_bad_response",
        "The endpoint's answer was malformed or could be read in two ways.",
        Use.FAILURE,
        Use.RETRY,
    ),
    _reason("upstream_truncated", "The endpoint's answer ended before its time.", Use.FAILURE),
    _reason(
        "upstream_error",
        "The endpoint's answer was a 5xx, for which a fallback was to stand in.",
        Use.FAILURE,
    ),
    _reason(
        "per_try_timeout",
        "One attempt took longer than `timeouts.per_try`.",
        Use.FAILURE,
        Use.RETRY,
    ),
    _reason(
        "turn_timeout",
        "Rules let the request wait as long as `timeouts.request`: it was not sent.",
        Use.FAILURE,
    ),
    _reason("request_timeout", "The request took longer than `timeouts.request`.", Use.FAILURE),
    _reason(
        "deadline_exceeded",
        "The caller's deadline was over before the upstream could be asked.",
        Use.FAILURE,
    ),
    _reason("idle_timeout", "Nothing moved for `timeouts.idle`.", Use.FAILURE),
    _reason(
        "pool_overflow",
        "All of `pool.max_connections` were busy and `pool.max_pending` requests waited.",
        Use.FAILURE,
    ),
    _reason("no_endpoint", "The upstream has no endpoint to send to.", Use.FAILURE),
    _reason("client_gone", "The client closed before it had its answer.", Use.FAILURE),
    _reason("client_stalled", "The client stopped reading or sending.", Use.FAILURE),
    _reason("drain_expired", "The sidecar stopped before the request was finished.", Use.FAILURE),
    _reason("internal_error", "A bug in the sidecar.", Use.FAILURE),
)

_RETRIES: Final = (
    _reason("retriable_status", "The endpoint's answer had a status to be retried.", Use.RETRY),
    _reason(
        "budget_exhausted",
        "As many requests to the upstream were being retried as `budget` allows.",
        Use.NO_RETRY,
    ),
    _reason(
        "deadline_too_near",
        "What was left of the request's time could not hold the wait and another try.",
        Use.NO_RETRY,
    ),
    _reason(
        "body_not_kept",
        "More had come of the request's body than is kept to be sent again.",
        Use.NO_RETRY,
    ),
)

_FALLBACKS: Final = (
    _reason("switched_off", "A switch has a fallback answer instead.", Use.FALLBACK),
)

_DROPS: Final = (
    _reason(
        "ring_full",
        "Records came faster than they were turned into telemetry; the oldest is lost.",
        Use.RECORD_DROP,
    ),
    _reason(
        "exporter_behind",
        "It came faster than the exporter took it; the newest is lost.",
        Use.RECORD_DROP,
        Use.LOG_DROP,
        Use.METRIC_DROP,
    ),
    _reason(
        "too_many_lines",
        "The service wrote more lines than are shipped of it; all were passed on.",
        Use.LOG_DROP,
    ),
    _reason(
        "exporter_died",
        "The exporter was killed while it had this in memory; some of it may have arrived.",
        Use.RECORD_DROP,
        Use.LOG_DROP,
        Use.METRIC_DROP,
        Use.EXPORT_DROP,
    ),
    _reason("not_encoded", "Nothing could be made of it: a bug in the sidecar.", Use.RECORD_DROP),
    _reason(
        "queue_full",
        "It came faster than its destination took it; of lines the newest is lost, of what is "
        "exported the oldest.",
        Use.LOG_DROP,
        Use.EXPORT_DROP,
    ),
    _reason(
        "spool_full",
        "The spool has its size, and the oldest made room.",
        Use.EXPORT_DROP,
    ),
    _reason("torn", "What was read of the spool was cut or overwritten.", Use.EXPORT_DROP),
    _reason("too_large", "A single document was larger than the backend takes.", Use.EXPORT_DROP),
    _reason("mapping", "A document did not fit the fields that its index has.", Use.EXPORT_DROP),
    _reason("too_old", "A document was older than its data stream takes.", Use.EXPORT_DROP),
    _reason(
        "rejected", "The backend would not have it, however often it is sent.", Use.EXPORT_DROP
    ),
    _reason("disk_full", "The file system or a quota is full.", Use.LOG_DROP, Use.EXPORT_DROP),
    _reason("broken_pipe", "Nobody reads the pipe any more.", Use.LOG_DROP),
    _reason("io_error", "Writing failed for another reason.", Use.LOG_DROP, Use.EXPORT_DROP),
    _reason(
        "shutdown",
        "The sidecar stopped before it could be written or sent.",
        Use.LOG_DROP,
        Use.EXPORT_DROP,
    ),
)

REASONS: Final[tuple[Reason, ...]] = (
    *_REJECTIONS,
    *_CONNECTIONS,
    *_REFUSALS,
    *_FAILURES,
    *_RETRIES,
    *_FALLBACKS,
    *_DROPS,
)


def reasons(use: Use) -> tuple[str, ...]:
    """The closed set of words for one use, in the order declared."""
    return tuple(reason.name for reason in REASONS if use in reason.uses)
