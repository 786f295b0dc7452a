from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from demo_services.hello.checks import Witness, checks
from demo_services.hello.rules import ClientLimit
from demo_services.hello.story import BURST, CALM, GREEDY, MODEST, QUIET
from demo_services.load.latency import LatencyHistogram
from demo_services.load.report import DriverReport, PhaseReport, Report

LIMIT = ClientLimit("each-client", 50, 100)


def _part(
    client: str, phase: str, admitted: int, refused: int = 0, seconds: float = 8, ms: float = 10
) -> PhaseReport:
    accepted, rejected = LatencyHistogram(), LatencyHistogram()
    for _ in range(admitted):
        accepted.record(ms / 1000)
    for _ in range(refused):
        rejected.record(0.001)
    statuses = {200: admitted, 429: refused}
    return PhaseReport(
        client=client,
        phase=phase,
        seconds=seconds,
        offered=admitted + refused,
        statuses={status: count for status, count in statuses.items() if count},
        errors={},
        admitted=accepted.summary(),
        refused=rejected.summary(),
        refusals_incomplete=0,
    )


def _report(*parts: PhaseReport) -> Report:
    """A run in which all went well, some parts replaced."""
    good = {
        (GREEDY, QUIET): _part(GREEDY, QUIET, 100),
        (GREEDY, BURST): _part(GREEDY, BURST, 500, 2000),
        (GREEDY, CALM): _part(GREEDY, CALM, 80),
        (MODEST, QUIET): _part(MODEST, QUIET, 150),
        (MODEST, BURST): _part(MODEST, BURST, 240),
        (MODEST, CALM): _part(MODEST, CALM, 120),
    }
    good |= {(part.client, part.phase): part for part in parts}
    driver = DriverReport(
        lag=LatencyHistogram().summary(), cpu_seconds=0, waiting_at_most=0, connections_opened=2
    )
    return Report(phases=tuple(good.values()), driver=driver, refusal=None, failure=None)


def _witness(report: Report) -> Witness:
    statuses = report.statuses()
    return Witness(statuses, statuses.get(429, 0), statuses.get(200, 0))


def _broken(report: Report, witness: Witness | None = None) -> list[str]:
    found = checks(report, LIMIT, witness or _witness(report))
    return [check.promise for check in found if not check.kept]


def test_a_run_in_which_all_went_well_keeps_every_promise() -> None:
    results = list(checks(_report(), LIMIT, _witness(_report())))
    assert all(check.kept for check in results)
    assert len({check.promise for check in results}) == len(results) == 8
    assert all(check.measured for check in results)


@pytest.mark.parametrize(
    "admitted,held",
    # 50/s * 8 s = 400, a burst of 100, and 2 % of 400 to either side.
    [(391, False), (392, True), (500, True), (508, True), (509, False)],
)
def test_greedy_is_held_to_limit_times_time(admitted: int, held: bool) -> None:
    broken = _broken(_report(_part(GREEDY, BURST, admitted, 2000)))
    assert broken == ([] if held else ["greedy is held to its 50/s, and 100 at once"])


@pytest.mark.parametrize(
    "part",
    [
        _part(MODEST, BURST, 239, 1),
        _part(MODEST, CALM, 119, 1),
        _part(GREEDY, QUIET, 99, 1),
    ],
)
def test_nobody_else_is_refused(part: PhaseReport) -> None:
    assert _broken(_report(part)) == ["only greedy is refused, and only once it is greedy"]


@pytest.mark.parametrize(
    "ms,kept",
    [(10, True), (65, True), (75, False)],  # twice 10 ms and 50 ms
)
def test_the_admitted_stay_fast(ms: float, kept: bool) -> None:
    # More than one in a hundred of all that were admitted in the burst.
    broken = _broken(_report(_part(MODEST, BURST, 240, ms=ms)))
    expected = "who is admitted during the burst is served as fast as before"
    assert broken == ([] if kept else [expected])


@pytest.mark.parametrize("refused,kept", [(4, True), (5, False)])
def test_greedy_comes_back(refused: int, kept: bool) -> None:
    broken = _broken(_report(_part(GREEDY, CALM, 80 - refused, refused)))
    assert broken == ([] if kept else ["greedy is let in again as soon as it is modest"])


def _changed(**changes: object) -> Callable[[], Report]:
    part = _part(GREEDY, BURST, 500, 2000)
    return lambda: _report(msgspec.structs.replace(part, **changes))


@pytest.mark.parametrize(
    "make,promise",
    [
        (
            _changed(refusals_incomplete=1),
            "every refusal is a 429 with Retry-After and a decision id",
        ),
        (_changed(errors={"timeout": 1}, offered=2501), "nothing else went wrong"),
        (_changed(statuses={200: 499, 301: 1, 429: 2000}), "nothing else went wrong"),
    ],
)
def test_each_oddity_breaks_its_promise(make: Callable[[], Report], promise: str) -> None:
    report = make()
    assert _broken(report, _witness(report)._replace(service_requests=1190)) == [promise]


def test_a_run_without_refusals_proves_nothing() -> None:
    broken = _broken(_report(_part(GREEDY, BURST, 500)))
    assert "only greedy is refused, and only once it is greedy" in broken
    assert "every refusal is a 429 with Retry-After and a decision id" in broken


def test_the_sidecar_must_have_counted_the_same() -> None:
    report = _report()
    right = _witness(report)
    promise = ["the sidecar's metrics agree with what the clients saw"]
    assert _broken(report, right._replace(sidecar_refusals=1999)) == promise
    assert _broken(report, right._replace(sidecar_statuses={200: 1190, 429: 1999})) == promise
    assert _broken(report, right._replace(sidecar_statuses={})) == promise


def test_the_service_must_have_seen_the_admitted_alone() -> None:
    report = _report()
    witness = _witness(report)._replace(service_requests=1191)
    assert _broken(report, witness) == ["what was refused never reached the service"]
