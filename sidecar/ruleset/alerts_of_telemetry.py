"""Alerts about telemetry that is lost, late, or not taken by anybody."""

from __future__ import annotations

from typing import Literal

from sidecar.model.values import Duration, written
from sidecar.ruleset.alert_entry import HeldAlertSpec
from sidecar.ruleset.alert_values import LookBack


class TelemetryDroppedSpec(HeldAlertSpec):
    """Traces, log lines or metrics are lost."""

    kind: Literal["telemetry_dropped"]
    """What it is about."""
    over: LookBack = written("5m")
    """How far back to look."""


class TelemetryBehindSpec(HeldAlertSpec):
    """Telemetry waits for its backend."""

    kind: Literal["telemetry_behind"]
    """What it is about."""
    above: Duration = written("30s")
    """How long the oldest may have waited in memory; what is on disk counts as longer."""


class ExporterDownSpec(HeldAlertSpec):
    """A backend of telemetry takes nothing."""

    kind: Literal["exporter_down"]
    """What it is about."""
