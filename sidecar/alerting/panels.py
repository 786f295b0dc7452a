"""Which panel of our dashboards shows what an alert is about."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple


class Panel(NamedTuple):
    """A panel, by the dashboard's uid and by its title there."""

    board: str
    title: str

    @property
    def number(self) -> int:
        """The number by which Grafana knows it."""
        return panel_number(self.title)


def panel_number(title: str) -> int:
    """The number by which Grafana, bookmarks and alerts know a panel.

    It follows from the title, so that it stays when others are put before it.
    """
    return zlib.crc32(title.encode()) % 1_000_000_000 + 1


def _fleet(title: str) -> Panel:
    return Panel("sidecar-fleet", title)


def _service(title: str) -> Panel:
    return Panel("sidecar-service", title)


def _governance(title: str) -> Panel:
    return Panel("sidecar-governance", title)


def _telemetry(title: str) -> Panel:
    return Panel("sidecar-telemetry", title)


#: By the name of the alert.
PANELS: Final[dict[str, Panel]] = {
    "SidecarSloBurn": _service("Budget burn"),
    "SidecarSloBudgetLow": _service("Budget left"),
    "SidecarErrors": _service("Errors by route and reason"),
    "SidecarBreakerOpen": _fleet("Breakers"),
    "SidecarShedding": _fleet("Who refuses"),
    "SidecarRefusing": _fleet("Who refuses"),
    "SidecarDegraded": _fleet("Answers by fallbacks"),
    "SidecarFallbackFailing": _fleet("Answers by fallbacks"),
    "SidecarRulesRefused": _fleet("Rule files"),
    "SidecarControlActive": _fleet("Held by hand"),
    "SidecarAbsent": _fleet("Sidecars that do not answer"),
    "SidecarDown": _fleet("Sidecars that do not answer"),
    "SidecarRestarts": _fleet("Sidecars"),
    "SidecarEndpointsDown": _service("Endpoints"),
    "SidecarConnectsFailing": _service("Connections that did not come about"),
    "SidecarLookupsFailing": _service("Ejections and failed health checks"),
    "SidecarPoolOverflows": _service("Pools that were full"),
    "SidecarRetriesSkipped": _service("Retries by reason"),
    "SidecarSaturation": _service("Saturation by resource"),
    "SidecarLoopLate": _service("How late the event loop is"),
    "SidecarCpuThrottled": _service("Throttled by the CPU quota"),
    "SidecarMemoryNearLimit": _service("Memory"),
    "SidecarOutOfMemory": _service("Limits of memory that were met"),
    "SidecarDescriptorsNearLimit": _service("Open files, of those that may be open"),
    "SidecarShadowWouldRefuse": _governance("Shadow: share that would be refused"),
    "SidecarKeysForgotten": _governance("Rate limits: keys forgotten too early"),
    "SidecarInternalErrors": Panel("sidecar-traces", "What happened to sidecars"),
    "SidecarTelemetryDropped": _telemetry("Lost, by whom, signal and reason"),
    "SidecarTelemetryBehind": _telemetry("How far behind"),
    "SidecarExporterDown": _telemetry("Backends"),
}
