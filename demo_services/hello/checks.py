"""What has to hold after a run, each as a sentence with the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from demo_services.check import Check
from demo_services.hello.rules import ClientLimit
from demo_services.hello.story import BURST, CALM, GREEDY, MODEST, QUIET
from demo_services.load.latency import Latency, merged
from demo_services.load.report import PhaseReport, Report

_TOLERANCE: Final = 0.02
_SLOWER_AT_MOST_TIMES: Final = 2
_SLOWER_AT_MOST_MS: Final = 50
#: The first requests after the burst may still find the bucket empty.
_LET_IN_AGAIN: Final = 0.95


class Witness(NamedTuple):
    """What the others counted during the run: the sidecar's metrics, and the service itself."""

    #: Requests by the status that the sidecar answered.
    sidecar_statuses: dict[int, int]
    #: Requests that the rule refused, by the sidecar's count.
    sidecar_refusals: int
    #: Requests that reached the service.
    service_requests: int


def checks(report: Report, limit: ClientLimit, witness: Witness) -> Iterator[Check]:
    """Everything that the demo promises."""
    yield greedy_is_held(report, limit)
    yield only_greedy_is_refused(report)
    yield admitted_stay_fast(report)
    yield greedy_comes_back(report)
    yield refusals_explain_themselves(report)
    yield nothing_else_went_wrong(report)
    yield sidecar_counted_the_same(report, witness)
    yield refused_never_reached_the_service(report, witness)


def greedy_is_held(report: Report, limit: ClientLimit) -> Check:
    """Admitted during the burst: limit * time, within 2 % and the burst allowance."""
    [burst] = report.select(client=GREEDY, phase=BURST)
    fair = limit.per_second * burst.seconds
    slack = fair * _TOLERANCE
    admitted = burst.admitted.count
    return Check(
        f"greedy is held to its {limit.per_second:g}/s, and {limit.burst:g} at once",
        fair - slack <= admitted <= fair + limit.burst + slack,
        f"{admitted} of {burst.offered} admitted in {burst.seconds:.1f} s, "
        f"{fair:.0f} to {fair + limit.burst:.0f} is right",
    )


def only_greedy_is_refused(report: Report) -> Check:
    """Whoever stays within the limit notices nothing."""
    greedy, modest = (_refused(report.select(client=name)) for name in (GREEDY, MODEST))
    early = _refused(report.select(phase=QUIET))
    return Check(
        "only greedy is refused, and only once it is greedy",
        greedy > 0 and modest == 0 and early == 0,
        f"greedy {greedy}, modest {modest}, in the quiet phase {early}",
    )


def admitted_stay_fast(report: Report) -> Check:
    """The p99 of the admitted during the burst, against that of the quiet phase.

    What the load driver itself was late is added: on a busy machine that is no fault of the shop's.
    """
    quiet, burst = (_admitted(report.select(phase=phase)) for phase in (QUIET, BURST))
    late = report.driver.lag.max_ms
    most = _SLOWER_AT_MOST_TIMES * quiet.p99_ms + _SLOWER_AT_MOST_MS + late
    return Check(
        "who is admitted during the burst is served as fast as before",
        0 < burst.p99_ms <= most,
        f"p99 {quiet.p99_ms:.1f} ms quiet, {burst.p99_ms:.1f} ms in the burst, "
        f"at most {most:.1f} ms is right",
    )


def greedy_comes_back(report: Report) -> Check:
    """A limit is no punishment: within it again, in again."""
    [calm] = report.select(client=GREEDY, phase=CALM)
    return Check(
        "greedy is let in again as soon as it is modest",
        calm.offered > 0 and calm.admitted.count >= calm.offered * _LET_IN_AGAIN,
        f"{calm.admitted.count} of {calm.offered} admitted",
    )


def refusals_explain_themselves(report: Report) -> Check:
    """429, when to come back, and an id to ask about."""
    parts = report.phases
    refused = _refused(parts)
    incomplete = sum(part.refusals_incomplete for part in parts)
    return Check(
        "every refusal is a 429 with Retry-After and a decision id",
        refused > 0 and incomplete == 0 and report.statuses().get(429, 0) == refused,
        f"{refused} refused, {incomplete} without",
    )


def nothing_else_went_wrong(report: Report) -> Check:
    """No other status, no broken connection, no time-out."""
    failed = sum(part.failed for part in report.phases)
    wrong = {str(s): n for s, n in report.statuses().items() if s not in {200, 201, 429}}
    wrong |= report.errors()
    return Check(
        "nothing else went wrong",
        failed == 0 and not wrong,
        ", ".join(f"{count} x {what}" for what, count in wrong.items()) or "0 errors",
    )


def sidecar_counted_the_same(report: Report, witness: Witness) -> Check:
    """The sidecar's metrics against what the clients saw."""
    seen = report.statuses()
    refused = seen.get(429, 0)
    return Check(
        "the sidecar's metrics agree with what the clients saw",
        witness.sidecar_statuses == seen and witness.sidecar_refusals == refused,
        f"sidecar {_listed(witness.sidecar_statuses)}, {witness.sidecar_refusals} by the rule; "
        f"clients {_listed(seen)}",
    )


def refused_never_reached_the_service(report: Report, witness: Witness) -> Check:
    """The service did work for the admitted alone."""
    admitted = sum(part.admitted.count for part in report.phases)
    return Check(
        "what was refused never reached the service",
        witness.service_requests == admitted,
        f"{witness.service_requests} requests at the service, {admitted} admitted",
    )


def _refused(parts: tuple[PhaseReport, ...]) -> int:
    return sum(part.refused.count for part in parts)


def _admitted(parts: tuple[PhaseReport, ...]) -> Latency:
    return merged(part.admitted for part in parts)


def _listed(statuses: dict[int, int]) -> str:
    return " ".join(f"{status}:{count}" for status, count in sorted(statuses.items()))
