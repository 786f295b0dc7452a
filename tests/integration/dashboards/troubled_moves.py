"""Which panel moves under the troubles that the shop does not have."""

from __future__ import annotations

from typing import Final

from tests.integration.dashboards.contained import CONTAINED
from tests.integration.dashboards.moves import (
    Each,
    Falls,
    Grows,
    Loses,
    Moves,
    Reaches,
    Renews,
    Spreads,
    Tells,
)
from tests.integration.dashboards.troubled import LOST, STRAIN, TROUBLE
from tests.integration.dashboards.troubled_rules import DOOMED, GATES

MOVES: Final[Moves] = {
    "fleet": {
        "Alerts that fire": (TROUBLE, Grows()),
        "Which alerts fire": (TROUBLE, Each((Tells("SidecarRulesRefused"), Tells(GATES)))),
        "Saturation by service": (TROUBLE, Reaches(0.4, of=("gates",))),
        "Shed for overload, by priority": (TROUBLE, Grows(of=("crowded low",))),
        "Lists and other files of the rules": (TROUBLE, Grows(of=("gates",))),
        "Sidecars that do not answer": (LOST, Reaches(1)),
        "Sidecars": (LOST, Loses(DOOMED)),
    },
    "service": {
        "Saturation": (TROUBLE, Reaches(0.4)),
        "Requests that could not be read": (TROUBLE, Grows(of=("gates inbound: bad_request",))),
        "Saturation by resource": (TROUBLE, Grows(of=("gates concurrency",))),
        "How late the event loop is": (STRAIN, Grows(of=("strained p99",))),
        "Connections made and refused": (
            STRAIN,
            Each((Grows(of=("strained inbound made",)), Grows(of=("strained inbound refused",)))),
        ),
        "Endpoints": (TROUBLE, Falls(below=1, of=("fleet",))),
        "Connections that did not come about": (
            TROUBLE,
            Grows(of=("calls → fleet: connect_failure",)),
        ),
        "Endpoints that are ejected": (TROUBLE, Grows(of=("calls → fleet",))),
        "Connections to upstreams": (
            TROUBLE,
            Each((Grows(of=("calls → flaky open",)), Grows(of=("calls → flaky made a second",)))),
        ),
        "Ejections and failed health checks": (
            TROUBLE,
            Each((Grows(of=("fleet", "ejected")), Grows(of=("fleet", "check failed")))),
        ),
        "Pools that were full": (TROUBLE, Grows(of=("calls → narrow overflow",))),
        "What the sidecar adds": (STRAIN, Grows(of=("strained inbound p50",))),
        "How the loop's lateness spreads": (STRAIN, Spreads("0.25")),
        "Time in the garbage collector": (TROUBLE, Grows(of=("doomed generation 0",))),
        "CPUs used": (STRAIN, Grows(2, of=("strained", "sidecar"))),
        "Memory": (STRAIN, Grows(1.1, of=("strained", "sidecar"))),
        "Throttled by the CPU quota": (
            TROUBLE,
            Each((Grows(of=(CONTAINED, "periods")), Grows(of=(CONTAINED, "time")))),
        ),
        "Waiting for the machine": (TROUBLE, Grows(of=(CONTAINED, "container cpu"))),
        "Open files, of those that may be open": (STRAIN, Grows(2, of=("strained",))),
        "Limits of memory that were met": (TROUBLE, Grows(of=(CONTAINED, "oom_kill"))),
        "Instances": (TROUBLE, Renews("Rules", DOOMED)),
    },
    "governance": {
        "Shadow: whom it would be": (TROUBLE, Tells("shy")),
        "Faults on purpose: what is done": (
            TROUBLE,
            Each((Grows(of=("gates chaos: parked",)), Grows(of=("gates chaos: refused",)))),
        ),
        "Faults on purpose: share refused": (TROUBLE, Grows(of=("gates chaos",))),
        "Rate limits: keys forgotten too early": (TROUBLE, Grows(of=("gates guests",))),
        "Rate limits: requests that wait for their turn": (TROUBLE, Grows(of=("gates export",))),
        "Overload: what is done": (TROUBLE, Grows(of=("crowded queues: refused",))),
        "Overload: share refused": (TROUBLE, Grows(of=("crowded queues",))),
        "Overload: share shed by priority": (TROUBLE, Grows(of=("crowded queues: low",))),
        "Overload: CPU": (STRAIN, Reaches(0.7, of=("strained host",))),
        "Overload: waiting in queues": (TROUBLE, Grows(of=("crowded queues",))),
        "Concurrency: what is done": (
            TROUBLE,
            Each((Grows(of=("gates slots: parked",)), Grows(of=("gates seats: refused",)))),
        ),
        "Concurrency: share refused": (TROUBLE, Grows(of=("gates seats",))),
        "Concurrency: slots": (TROUBLE, Grows(of=("gates slots", "taken"))),
        "Concurrency: requests that wait for a slot": (TROUBLE, Grows(of=("gates slots",))),
        "Concurrency: longest wait": (TROUBLE, Grows(of=("gates slots",))),
        "Concurrency: hottest keys": (TROUBLE, Tells("seats")),
        "Breakers: share of slow requests": (TROUBLE, Grows(of=("calls stock",))),
        "Retries: left out": (TROUBLE, Grows(of=("calls again", "budget_exhausted"))),
        "Fallbacks: trials": (TROUBLE, Grows(of=("calls spare", "failure"))),
        "Files that cannot be used": (TROUBLE, Grows(of=("gates",))),
        "Rule sets by instance": (TROUBLE, Renews("Version of the rules", DOOMED)),
    },
    "telemetry": {
        "Series of each sidecar": (TROUBLE, Grows()),
        "Loop lag": (STRAIN, Grows(of=("strained p99",))),
        "Garbage collector": (TROUBLE, Grows(of=("doomed generation 0",))),
    },
}
