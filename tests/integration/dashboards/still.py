"""Panels that move on no stage, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ALERTS = "Alerts are not part of this stage yet."
_NO_SUCH_RULE = "No service of the shop has such a rule."
_NOT_MET = "Nothing on this stage goes so far; the queries are asked, and answer in time."
_HOST = "Says how the machine is, which others use too."
_STEADY = "Says what there is, which no fault changes."

STILL: Final[Mapping[str, Mapping[str, str]]] = {
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
