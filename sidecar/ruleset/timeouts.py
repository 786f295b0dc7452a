"""How long a request may take: what its route says, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.routes import DeadlineHeader, Timeouts
from sidecar.ruleset.schema import OTHER, RuleFile
from sidecar.ruleset.sections import TimeoutsSpec


def timeouts_in_force(*specs: TimeoutsSpec) -> Timeouts:
    """The timeouts where ``specs`` are said: by a route, its upstream and the whole file.

    Of each, whoever comes first decides.
    """
    default = Timeouts()
    request = _first([one.request for one in specs], default.request)
    per_try = _first([one.per_try for one in specs], default.per_try)
    return Timeouts(
        request=request,
        per_try=min(per_try, request),
        idle=_first([one.idle for one in specs], default.idle),
    )


def deadline_in_force(*specs: TimeoutsSpec, is_own: bool) -> DeadlineHeader | None:
    """The field for deadlines where ``specs`` are said, in the same order.

    ``is_own`` says whether the upstream is the service itself: it is on our host, and passes a
    moment on as it is, while the clocks of other hosts differ.
    """
    name = next((one.deadline_header for one in specs if one.deadline_header), None)
    return None if name is None else DeadlineHeader(name.encode("ascii"), is_own)


def deadline_headers(file: RuleFile) -> Iterator[tuple[Path, str]]:
    """Every field in which callers may say how long they wait, in lower case, and its place."""
    said: list[tuple[Path, TimeoutsSpec]] = [
        (("timeouts",), file.timeouts),
        *((("routes", index, "timeouts"), one.timeouts) for index, one in enumerate(file.routes)),
        *((("upstreams", name, "timeouts"), one.timeouts) for name, one in file.upstreams.items()),
    ]
    for path, spec in said:
        if spec.deadline_header is not None:
            yield (*path, "deadline_header"), spec.deadline_header


def never_slow(file: RuleFile) -> Iterator[tuple[Path, float]]:
    """Where a breaker calls slow what takes longer than any try may, and how long one may take."""
    for index, breaker in enumerate(file.breakers):
        longest = _longest_try(file, breaker)
        for place, condition in breaker.open_when.conditions:
            limit = condition.slower_than
            if limit is not None and limit >= longest and breaker.mode is not Mode.DISABLED:
                yield ("breakers", index, "open_when", *place, "slower_than"), longest


def endless_waits(file: RuleFile) -> Iterator[tuple[Path, float]]:
    """Where rules let requests wait longer than any may take in all, and how long one may."""
    for section, index, rule, wait, place in _waits(file):
        longest = max(one.request for one in timeouts_of(file, rule))
        if wait is not None and wait > longest and rule.mode is not Mode.DISABLED:
            yield (section, index, *place), longest


def _waits(file: RuleFile) -> Iterator[tuple[str, int, RuleSpec, float | None, Path]]:
    for index, limit in enumerate(file.rate_limits):
        yield "rate_limits", index, limit, limit.wait_at_most, ("wait_at_most",)
    for index, bulkhead in enumerate(file.concurrency):
        if bulkhead.queue is not None:
            wait = bulkhead.queue.wait_at_most
            yield "concurrency", index, bulkhead, wait, ("queue", "wait_at_most")
    for index, fault in enumerate(file.faults):
        if fault.delay is not None:
            yield "faults", index, fault, fault.delay.of, ("delay", "of")


def _longest_try(file: RuleFile, rule: RuleSpec) -> float:
    """The longest ``per_try`` of the routes that a rule may govern."""
    return max(one.per_try for one in timeouts_of(file, rule))


def timeouts_of(file: RuleFile, rule: RuleSpec) -> list[Timeouts]:
    """The timeouts of the routes that a rule may govern."""
    to = file.listeners.inbound.to
    own = {route.name: (route.timeouts, route.upstream or to) for route in file.routes}
    own[OTHER] = TimeoutsSpec(), to
    return [
        timeouts_in_force(timeouts, file.upstreams[upstream].timeouts, file.timeouts)
        for timeouts, arriving_for in (own[name] for name in rule.match.route or own)
        for upstream in rule.upstream or (arriving_for,)
    ]


def _first(values: Iterable[float | None], default: float) -> float:
    return next((value for value in values if value is not None), default)
