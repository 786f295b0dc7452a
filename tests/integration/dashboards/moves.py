"""Which panel moves when, and which cannot on this stage, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dashboards.viewer.view import Answered
from tests.integration.dashboards.stage import FAILING, GREED, HANDS, RUSH, SHELVES, SLOW


@dataclass(frozen=True, slots=True)
class Grows:
    """Its largest value is larger than in the quiet time, by so much; or there was none then."""

    times: float = 1.3

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        before, now = _values(quiet), _values(fault)
        return bool(now) and max(now) > max([*before, 0.0]) * self.times


@dataclass(frozen=True, slots=True)
class Falls:
    """Its least value is smaller than in the quiet time."""

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return min(_values(fault)) < min(_values(quiet))


@dataclass(frozen=True, slots=True)
class Tells:
    """It names something that it did not name in the quiet time."""

    word: str

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return self.word in _words(fault) and self.word not in _words(quiet)


@dataclass(frozen=True, slots=True)
class Differs:
    """A table with the same rows and other numbers."""

    def is_seen(self, quiet: Answered, fault: Answered) -> bool:
        return bool(_values(fault)) and _values(quiet) != _values(fault)


Move = Grows | Falls | Tells | Differs

MOVES: Final[dict[str, dict[str, tuple[str, Move]]]] = {
    "fleet": {
        "Good requests": (FAILING, Falls()),
        "Fastest burning budget": (FAILING, Grows()),
        "Errors": (FAILING, Grows()),
        "Slowest 1 %, worst service": (SLOW, Grows()),
        "Shed": (RUSH, Grows()),
        "Budget burn by objective": (FAILING, Grows()),
        "Errors by service": (FAILING, Grows()),
        "Slowest 1 % by service": (SLOW, Grows()),
        "Services": (FAILING, Differs()),
        "Requests by service": (RUSH, Grows()),
        "Who refuses": (RUSH, Tells("whole-shop")),
        "Breakers": (FAILING, Grows()),
        "Answers by fallbacks": (FAILING, Tells("stock-unknown")),
        "Held by hand": (HANDS, Grows()),
        "Rule files": (HANDS, Falls()),
    },
    "service": {
        "Latency: slowest 1 %": (SLOW, Grows()),
        "Traffic": (RUSH, Grows()),
        "Errors": (FAILING, Grows()),
        "Budget left": (FAILING, Falls()),
        "Budget burn": (FAILING, Grows()),
        "Requests as objectives count them": (RUSH, Grows()),
        "Requests by route": (RUSH, Grows()),
        "Errors by route and reason": (FAILING, Grows()),
        "How long routes take": (SLOW, Grows()),
        "How durations spread": (RUSH, Grows()),
        "Answers by status": (RUSH, Grows()),
        "Routes": (FAILING, Differs()),
        "Requests in flight, by route": (SLOW, Grows()),
        "CPU of the event loop": (RUSH, Grows()),
        "Connections of clients": (GREED, Grows(1.05)),
        "Attempts by upstream": (RUSH, Grows()),
        "Failures by upstream and reason": (FAILING, Grows()),
        "Share of failures by upstream": (FAILING, Grows()),
        "How long upstreams take": (SLOW, Grows()),
        "Retries by reason": (SHELVES, Grows()),
        "Attempts in flight, and those that wait for a connection": (SLOW, Grows()),
        "How that spreads": (RUSH, Grows()),
        "Bytes of bodies": (RUSH, Grows()),
    },
    "governance": {
        "Refused": (RUSH, Grows()),
        "Rules that refuse": (GREED, Grows()),
        "Breakers open": (FAILING, Grows()),
        "Answered by fallbacks": (FAILING, Grows()),
        "Shadow rules would refuse": (RUSH, Grows()),
        "Held by hand": (HANDS, Grows()),
        "Which rules refuse": (RUSH, Tells("whole-shop")),
        "Refused, by rule": (RUSH, Tells("whole-shop")),
        "Refused, by whom": (GREED, Tells("each-user")),
        "Refused, by route": (RUSH, Tells("product-page")),
        "Rules in force": (RUSH, Grows()),
        "Shadow: what would be done": (RUSH, Tells("half-as-much")),
        "Shadow: share that would be refused": (RUSH, Grows()),
        "Shadow beside what is enforced": (RUSH, Grows()),
        "Access: what is done": (GREED, Tells("scalpers")),
        "Access: share refused": (GREED, Grows()),
        "Access: who is refused": (GREED, Tells("scalpers")),
        "Rate limits: what is done": (RUSH, Tells("whole-shop")),
        "Rate limits: share refused": (RUSH, Grows()),
        "Rate limits: hottest keys": (GREED, Tells("each-user")),
        "Rate limits: keys that are remembered": (RUSH, Grows()),
        "Breakers: open, probing, closed": (FAILING, Grows()),
        "Breakers: what is done": (FAILING, Tells("stock")),
        "Breakers: share refused": (FAILING, Grows()),
        "Breakers: share of errors": (FAILING, Grows()),
        "Breakers: time until the next probe": (FAILING, Tells("stock")),
        "Breakers: openings": (FAILING, Tells("stock")),
        "Breakers: held by hand": (HANDS, Grows()),
        "Retries: what is done": (SHELVES, Tells("shelves")),
        "Retries: for each request": (SHELVES, Grows()),
        "Retries: how retried requests end": (SHELVES, Tells("shelves")),
        "Retries: share in vain": (SHELVES, Tells("shelves")),
        "Retries: why, by upstream": (SHELVES, Tells("warehouse")),
        "Fallbacks: what is done": (FAILING, Tells("stock-unknown")),
        "Fallbacks: for each request": (FAILING, Grows()),
        "Fallbacks: answers by step": (FAILING, Tells("stock-unknown")),
        "Held by hand, by what": (HANDS, Grows()),
        "Rule files in force": (HANDS, Falls()),
        "Reloads": (HANDS, Grows()),
        "Rules that are not as their file says": (HANDS, Tells("each-user")),
    },
}

_ALERTS = "Alerts are not part of this stage yet."
_NO_SUCH_RULE = "No service of the shop has such a rule."
_NOT_MET = "Nothing on this stage goes so far; the queries are asked, and answer in time."
_HOST = "Says how the machine is, which others use too."
_STEADY = "Says what there is, which no fault changes."

#: Panels that do not move here, with the reason.
STILL: Final[dict[str, dict[str, str]]] = {
    "fleet": {
        "Alerts that fire": _ALERTS,
        "Which alerts fire": _ALERTS,
        "Saturation by service": _HOST,
        "Shed for overload, by priority": _NO_SUCH_RULE,
        "Lists and other files of the rules": _NO_SUCH_RULE,
        "Sidecars that do not answer": _NOT_MET,
        "Sidecars": _STEADY,
    },
    "service": {
        "Saturation": _HOST,
        "Objectives": _STEADY,
        "Requests that could not be read": _NOT_MET,
        "Saturation by resource": _HOST,
        "How late the event loop is": _HOST,
        "Connections made and refused": _NOT_MET,
        "Endpoints": _NO_SUCH_RULE,
        "Connections that did not come about": _NOT_MET,
        "Endpoints that are ejected": _NO_SUCH_RULE,
        "Connections to upstreams": _NOT_MET,
        "Ejections and failed health checks": _NO_SUCH_RULE,
        "Pools that were full": _NOT_MET,
        "What the sidecar adds": _HOST,
        "How the loop's lateness spreads": _HOST,
        "Time in the garbage collector": _HOST,
        "CPUs used": _HOST,
        "Memory": _HOST,
        "Throttled by the CPU quota": _HOST,
        "Waiting for the machine": _HOST,
        "Open files, of those that may be open": _HOST,
        "Limits of memory that were met": _HOST,
        "Instances": _STEADY,
    },
    "governance": {
        "Shadow: whom it would be": "The shop's shadow rule counts everybody together.",
        "Faults on purpose: what is done": _NO_SUCH_RULE,
        "Faults on purpose: share refused": _NO_SUCH_RULE,
        "Rate limits: keys forgotten too early": _NOT_MET,
        "Rate limits: requests that wait for their turn": _NO_SUCH_RULE,
        "Overload: what is done": _NO_SUCH_RULE,
        "Overload: share refused": _NO_SUCH_RULE,
        "Overload: share shed by priority": _NO_SUCH_RULE,
        "Overload: CPU": _NO_SUCH_RULE,
        "Overload: waiting in queues": _NO_SUCH_RULE,
        "Concurrency: what is done": _NOT_MET,
        "Concurrency: share refused": _NOT_MET,
        "Concurrency: slots": _NOT_MET,
        "Concurrency: requests that wait for a slot": _NOT_MET,
        "Concurrency: longest wait": _NOT_MET,
        "Concurrency: hottest keys": _NO_SUCH_RULE,
        "Breakers: share of slow requests": _NO_SUCH_RULE,
        "Retries: left out": _NOT_MET,
        "Fallbacks: trials": _NO_SUCH_RULE,
        "Files that cannot be used": _NO_SUCH_RULE,
        "Rule sets by instance": _STEADY,
    },
}

#: Dashboards whose panels are not proved yet.
LATER: Final = frozenset({"telemetry", "traces"})


def _values(answered: Answered) -> list[float]:
    return [
        float(value)
        for frame in answered.frames
        for one in frame.numbers
        for value in one.values
        if value is not None and math.isfinite(value)
    ]


def _words(answered: Answered) -> set[str]:
    labels = {
        word
        for frame in answered.frames
        for one in frame.fields
        if any(one.values)
        for word in one.labels.values()
    }
    cells = {
        value
        for frame in answered.frames
        for one in frame.fields
        for value in one.values
        if isinstance(value, str)
    }
    return labels | cells
