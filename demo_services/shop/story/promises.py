"""Promises that several acts make, each judged by the numbers of a load report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demo_services.check import Check
from demo_services.load.latency import Latency, merged
from demo_services.load.report import DriverReport, PhaseReport
from demo_services.shop.story.rule_files import Limit

_TOLERANCE: Final = 0.02
_GOODPUT: Final = 0.9
_SLOWER_AT_MOST_TIMES: Final = 2
_SLOWER_AT_MOST_MS: Final = 50


def true_to_the_limit(part: PhaseReport, limit: Limit, who: str) -> Check:
    """Admitted: at least 90 % of what the limit allows, and no more than that and its burst."""
    fair = limit.per_second * part.seconds
    least, most = fair * _GOODPUT, fair * (1 + _TOLERANCE) + limit.burst
    admitted = part.admitted.count
    return Check(
        f"{who} gets what the limit allows, {limit.per_second:g}/s",
        least <= admitted <= most,
        f"{admitted} of {part.offered} admitted in {part.seconds:g} s, "
        f"{least:.0f} to {most:.0f} is right",
    )


def as_fast_as_before(
    parts: Sequence[PhaseReport], driver: DriverReport, quiet: Latency, who: str
) -> Check:
    """The p99 of the admitted: at most twice that of the quiet act, and 50 ms.

    What the load driver itself was late is added: on a machine that has other things to do it is
    no fault of the shop's.
    """
    now = admitted(parts)
    most = _SLOWER_AT_MOST_TIMES * quiet.p99_ms + _SLOWER_AT_MOST_MS + driver.lag.max_ms
    return Check(
        f"{who} is served as fast as before",
        0 < now.p99_ms <= most,
        f"p99 {now.p99_ms:.0f} ms, {quiet.p99_ms:.0f} ms in the quiet act, "
        f"at most {most:.0f} ms is right (the driver was {driver.lag.max_ms:.0f} ms late at most)",
    )


def nobody_refused(parts: Sequence[PhaseReport], promise: str = "nobody is refused") -> Check:
    """Whoever does nothing wrong notices nothing."""
    count = refused(parts)
    return Check(
        promise,
        count == 0 and sum(part.offered for part in parts) > 0,
        f"{count} of {sum(part.offered for part in parts)} refused",
    )


def nothing_failed(parts: Sequence[PhaseReport]) -> Check:
    """No 5xx, no broken connection, no time-out."""
    failed = sum(part.failed for part in parts)
    wrong: dict[str, int] = {}
    for part in parts:
        for what, count in (*part.errors.items(), *_strange(part).items()):
            wrong[what] = wrong.get(what, 0) + count
    told = ", ".join(f"{count} x {what}" for what, count in wrong.items())
    return Check("nothing fails", failed == 0, told or "0 errors")


def refusals_explain_themselves(parts: Sequence[PhaseReport]) -> Check:
    """Every refusal has an id to ask about."""
    count, without = refused(parts), sum(part.refusals_incomplete for part in parts)
    return Check(
        "every refusal carries the id of its decision",
        count > 0 and without == 0,
        f"{count} refused, {without} without",
    )


def admitted(parts: Sequence[PhaseReport]) -> Latency:
    """The latencies of all that were admitted."""
    return merged(part.admitted for part in parts)


def refused(parts: Sequence[PhaseReport]) -> int:
    """How many were refused."""
    return sum(part.refused.count for part in parts)


def _strange(part: PhaseReport) -> dict[str, int]:
    """Answers that are neither what was wished nor a refusal, by status."""
    return {
        str(status): count
        for status, count in part.statuses.items()
        if status >= 400 and status not in {403, 429, 503}
    }
