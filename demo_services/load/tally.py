"""Counts what became of each request, by phase and by second."""

from __future__ import annotations

from typing import Final

from demo_services.load.answer import Answer
from demo_services.load.latency import LatencyHistogram
from demo_services.load.plan import Client, Plan
from demo_services.load.report import ClientSecond, PhaseReport, Sample


class Sheet:
    """One client in one phase."""

    __slots__ = ("admitted", "errors", "marked", "offered", "phase", "refusals_incomplete",
                 "refused", "seconds", "statuses")  # fmt: skip

    def __init__(self, phase: str, seconds: float) -> None:
        self.phase: Final = phase
        self.seconds = seconds
        self.offered = 0
        self.statuses: dict[int, int] = {}
        self.errors: dict[str, int] = {}
        self.admitted = LatencyHistogram()
        self.refused = LatencyHistogram()
        self.refusals_incomplete = 0
        self.marked = 0

    def report(self, client: str) -> PhaseReport:
        """What was counted so far."""
        return PhaseReport(
            client=client,
            phase=self.phase,
            seconds=self.seconds,
            offered=self.offered,
            statuses=dict(self.statuses),
            errors=dict(self.errors),
            admitted=self.admitted.summary(),
            refused=self.refused.summary(),
            refusals_incomplete=self.refusals_incomplete,
            marked=self.marked,
        )


class Tally:
    """One client: a sheet for each phase, and the second that runs."""

    def __init__(self, client: Client, plan: Plan) -> None:
        self._client = client.name
        self._refused = plan.refused
        self._required = tuple(name.lower().encode() for name in plan.refusals_carry)
        self._marks = tuple(name.lower().encode() for name in plan.marks)
        self._sheets: dict[str, Sheet] = {}
        for step in client.steps:
            sheet = self._sheets.setdefault(step.phase, Sheet(step.phase, 0.0))
            sheet.seconds += step.seconds
        self._phase = client.steps[0].phase
        self.refusal: Sample | None = None
        self.failure: Sample | None = None
        self._begin_second()

    def offer(self, phase: str) -> Sheet:
        """A request's moment has come; the sheet on which its outcome belongs."""
        sheet = self._sheets[phase]
        sheet.offered += 1
        self._phase = phase
        self._offered += 1
        return sheet

    def answered(self, sheet: Sheet, answer: Answer, seconds: float) -> None:
        """A whole answer has come, ``seconds`` after the scheduled moment."""
        status = answer.status
        sheet.statuses[status] = sheet.statuses.get(status, 0) + 1
        if 200 <= status < 400:
            sheet.admitted.record(seconds)
            self._latencies.append(seconds)
            if any(answer.has(name) for name in self._marks):
                sheet.marked += 1
                self._marked += 1
        elif status in self._refused:
            sheet.refused.record(seconds)
            self._refusals += 1
            if not all(answer.has(name) for name in self._required):
                sheet.refusals_incomplete += 1
            self.refusal = self.refusal or self._sample(answer)
        else:
            self._failures += 1
            self.failure = self.failure or self._sample(answer)

    def failed(self, sheet: Sheet, reason: str) -> None:
        """No whole answer will come."""
        sheet.errors[reason] = sheet.errors.get(reason, 0) + 1
        self._failures += 1

    def end_second(self, outstanding: int) -> ClientSecond:
        """What happened since this was last asked."""
        latencies = sorted(self._latencies)
        second = ClientSecond(
            client=self._client,
            phase=self._phase,
            offered=self._offered,
            admitted=len(latencies),
            refused=self._refusals,
            failed=self._failures,
            marked=self._marked,
            p50_ms=_percentile_ms(latencies, 0.50),
            p99_ms=_percentile_ms(latencies, 0.99),
            outstanding=outstanding,
        )
        self._begin_second()
        return second

    def reports(self) -> list[PhaseReport]:
        """One report for each phase, in order."""
        return [sheet.report(self._client) for sheet in self._sheets.values()]

    def _begin_second(self) -> None:
        self._offered = 0
        self._refusals = 0
        self._failures = 0
        self._marked = 0
        self._latencies: list[float] = []

    def _sample(self, answer: Answer) -> Sample:
        return Sample(
            client=self._client,
            status=answer.status,
            head=answer.head.decode("latin-1"),
            body=answer.body.decode("utf-8", "replace"),
        )


def _percentile_ms(ascending: list[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed (nearest rank)."""
    if not ascending:
        return 0.0
    rank = max(-int(-share * len(ascending) // 1), 1)
    return ascending[rank - 1] * 1000
