"""Which panel moves under what befalls telemetry."""

from __future__ import annotations

from typing import Final

from tests.integration.dashboards.moves import Differs, Each, Falls, Grows, Moves, Tells
from tests.integration.dashboards.telling import (
    BACK,
    COMPLAINT,
    CUT_OFF,
    FULL,
    HALTED,
    KILLED,
    NARROW,
)

MOVES: Final[Moves] = {
    "telemetry": {
        "Lost": (FULL, Grows()),
        "Share lost": (FULL, Grows()),
        "Backends down": (CUT_OFF, Grows()),
        "Furthest behind": (CUT_OFF, Grows(3)),
        "In the spool": (CUT_OFF, Grows()),
        "Sidecars that are scraped": (HALTED, Falls(below=1)),
        "Lost, by whom, signal and reason": (
            FULL,
            Grows(of=("teller → elasticsearch", "spool_full")),
        ),
        "Log lines lost": (FULL, Grows(of=("teller logs",))),
        "Backends": (CUT_OFF, Falls(below=1, of=("teller → elasticsearch",))),
        "How far behind": (CUT_OFF, Grows(3, of=("teller → elasticsearch",))),
        "Waiting in memory": (NARROW, Grows(of=("teller → elasticsearch",))),
        "Waiting on disk": (CUT_OFF, Grows(of=("teller → elasticsearch",))),
        "Documents on disk": (CUT_OFF, Grows(of=("teller → elasticsearch",))),
        "Sent": (
            BACK,
            Each(
                (
                    Grows(of=("teller → elasticsearch logs",)),
                    Grows(of=("teller → elasticsearch traces",)),
                )
            ),
        ),
        "Deliveries": (CUT_OFF, Grows(of=("teller → elasticsearch: failure",))),
        "How long deliveries take": (NARROW, Grows(of=("teller → elasticsearch p50",))),
        "What sidecars say of backends": (BACK, Tells("sidecar.backend")),
        "Exporter restarts": (KILLED, Grows(of=("teller",))),
        "Exporter memory": (CUT_OFF, Differs()),
        "Exporter CPU": (FULL, Grows(of=("teller",))),
        "Scrapes": (HALTED, Falls(below=1)),
        "How long scrapes take": (HALTED, Grows(3)),
    },
    "traces": {
        "The services' own lines, by severity": (NARROW, Grows(of=("teller", "ERROR"))),
        "What services say": (NARROW, Tells(COMPLAINT)),
    },
}
