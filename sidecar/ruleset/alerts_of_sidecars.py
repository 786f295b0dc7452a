"""Alerts about the sidecar itself: whether it is there, and what it has left."""

from __future__ import annotations

from typing import Literal

from sidecar.model.values import Count, Duration, written
from sidecar.ruleset.alert_entry import HeldAlertSpec
from sidecar.ruleset.alert_values import AlertSeverity, Lateness, LookBack, ShareAbove, lasting


class SidecarAbsentSpec(HeldAlertSpec):
    """Prometheus hears of no sidecar of this service at all."""

    kind: Literal["sidecar_absent"]
    """What it is about."""
    severity: AlertSeverity = AlertSeverity.PAGE
    """`page` wakes somebody, `ticket` waits for the next working day."""
    hold: Duration = lasting("2m")
    """How long it has to be so before anybody is told."""


class SidecarDownSpec(HeldAlertSpec):
    """One that Prometheus is still to scrape does not answer, and did within the last day."""

    kind: Literal["sidecar_down"]
    """What it is about."""


class SidecarRestartsSpec(HeldAlertSpec):
    """One starts again and again."""

    kind: Literal["sidecar_restarts"]
    """What it is about."""
    above: Count = 2
    """How many starts of the same one are too many."""
    over: LookBack = written("30m")
    """How far back to look."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""


class InternalErrorsSpec(HeldAlertSpec):
    """The sidecar itself has failed requests: a bug."""

    kind: Literal["internal_errors"]
    """What it is about."""
    over: LookBack = written("10m")
    """How far back to look."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""


class SaturationSpec(HeldAlertSpec):
    """Little is left of what bounds an instance: its loop, CPU, connections or slots."""

    kind: Literal["saturation"]
    """What it is about."""
    above: ShareAbove = written("90%")
    """How much may be used of it."""
    hold: Duration = lasting("10m")
    """How long it has to be so before anybody is told."""


class LoopLateSpec(HeldAlertSpec):
    """The event loop is late for one timer in a hundred: the sidecar has too little CPU."""

    kind: Literal["loop_late"]
    """What it is about."""
    above: Lateness = written("50ms")
    """How late it may be."""
    over: LookBack = written("5m")
    """How far back to look."""


class CpuThrottledSpec(HeldAlertSpec):
    """The container has used up its CPU quota and has to wait."""

    kind: Literal["cpu_throttled"]
    """What it is about."""
    above: ShareAbove = written("25%")
    """The share of the quota's periods that is too much."""
    over: LookBack = written("5m")
    """The time that the share is taken over."""
    hold: Duration = lasting("10m")
    """How long it has to be so before anybody is told."""


class MemoryNearLimitSpec(HeldAlertSpec):
    """The container's memory is nearly used up."""

    kind: Literal["memory_near_limit"]
    """What it is about."""
    above: ShareAbove = written("90%")
    """The share of its limit that is too much, cached files left out."""


class OutOfMemorySpec(HeldAlertSpec):
    """The kernel has killed a process of the container, for its memory was used up."""

    kind: Literal["out_of_memory"]
    """What it is about."""
    over: LookBack = written("15m")
    """How far back to look."""
    hold: Duration = lasting("15s")
    """How long it has to be so before anybody is told."""


class DescriptorsNearLimitSpec(HeldAlertSpec):
    """Few open files are left to the sidecar, and so few connections."""

    kind: Literal["descriptors_near_limit"]
    """What it is about."""
    above: ShareAbove = written("80%")
    """The share of them that is too much."""
