"""Alerts about what a sidecar has left: CPU, memory, open files, its event loop."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.kind import Condition, kind
from sidecar.alerting.site import Site
from sidecar.ruleset.alerts_of_sidecars import (
    CpuThrottledSpec,
    DescriptorsNearLimitSpec,
    LoopLateSpec,
    MemoryNearLimitSpec,
    OutOfMemorySpec,
    SaturationSpec,
)
from sidecar.telemetry import host_metrics as m
from sidecar.telemetry.catalogue import LOOP_LAG
from sidecar.telemetry.promql import highest, increase, now, quantile, share, total

#: Each process counts for itself: the worst of them is told of.
_EACH = ("job", "instance")


@kind(
    SaturationSpec,
    "SidecarSaturation",
    why="what comes on top will wait, and then be refused",
    first="sidecar_saturation_resource_ratio says of what least is left: add instances, or raise "
    "that bound.",
    keep_seconds=120.0,
)
def saturation(spec: SaturationSpec, site: Site) -> Iterator[Condition]:
    """One; the value is that of the fullest instance."""
    summary = f"a sidecar of {site.file.service} has used "
    summary += "{{ $value | humanizePercentage }} of what bounds it"
    fullest = highest(now(site.scope(m.SATURATION)))
    yield Condition(site.here, f"{fullest} > {spec.above:g}", summary)


@kind(
    LoopLateSpec,
    "SidecarLoopLate",
    why="every request waits for the loop",
    first="See whether the CPU is throttled or taken by others; else the sidecar has more to do "
    "than one core can.",
    keep_seconds=120.0,
)
def loop_late(spec: LoopLateSpec, site: Site) -> Iterator[Condition]:
    """One; the value is that of the latest instance."""
    window = site.profile.window(spec.over)
    late = highest(quantile(0.99, site.scope(LOOP_LAG, "_bucket"), window, _EACH))
    summary = f"the event loop of a sidecar of {site.file.service} is "
    summary += "{{ $value | humanizeDuration }} late"
    yield Condition(site.here, f"{late} > {spec.above:g}", summary)


@kind(
    CpuThrottledSpec,
    "SidecarCpuThrottled",
    why="requests wait for the next period of the quota, however little there is to do",
    first="Raise the container's CPU limit, or add instances.",
    keep_seconds=120.0,
)
def cpu_throttled(spec: CpuThrottledSpec, site: Site) -> Iterator[Condition]:
    """One; the value is that of the instance that waits most."""
    window = site.profile.window(spec.over)
    waited, periods = (
        total(increase(site.scope(one), window), _EACH)
        for one in (m.CONTAINER_THROTTLED, m.CONTAINER_PERIODS)
    )
    summary = f"a container of {site.file.service} has used up its CPU in "
    summary += "{{ $value | humanizePercentage }} of the periods"
    yield Condition(site.here, f"{highest(share(waited, periods))} > {spec.above:g}", summary)


@kind(
    MemoryNearLimitSpec,
    "SidecarMemoryNearLimit",
    why="at the limit the kernel kills a process",
    first="See which process it is: process_resident_memory_bytes is the sidecar's own, the rest "
    "is the service's.",
    keep_seconds=120.0,
)
def memory_near_limit(spec: MemoryNearLimitSpec, site: Site) -> Iterator[Condition]:
    """One; the value is that of the fullest container."""
    used = now(site.scope(m.CONTAINER_WORKING_SET))
    fullest = highest(share(used, now(site.scope(m.CONTAINER_MEMORY_LIMIT))))
    summary = f"a container of {site.file.service} has used "
    summary += "{{ $value | humanizePercentage }} of its memory"
    yield Condition(site.here, f"{fullest} > {spec.above:g}", summary)


@kind(
    OutOfMemorySpec,
    "SidecarOutOfMemory",
    why="what the process was doing is lost",
    first="`dmesg` says which process it was: raise the limit, or find out what has grown.",
)
def out_of_memory(spec: OutOfMemorySpec, site: Site) -> Iterator[Condition]:
    """One; the value is how often."""
    killed = increase(
        site.scope(m.CONTAINER_MEMORY_EVENTS, event="oom_kill"), site.profile.window(spec.over)
    )
    summary = f"memory of a container of {site.file.service} was used up: "
    summary += "{{ $value | humanize }} processes killed"
    yield Condition(site.here, f"{total(killed)} > 0", summary)


@kind(
    DescriptorsNearLimitSpec,
    "SidecarDescriptorsNearLimit",
    why="each connection is an open file: without them nobody is let in",
    first="Raise LimitNOFILE, or lower `limits.connections` and `pool.max_connections`.",
    keep_seconds=120.0,
)
def descriptors_near_limit(spec: DescriptorsNearLimitSpec, site: Site) -> Iterator[Condition]:
    """One; the value is that of the fullest process."""
    used = share(now(site.scope(m.PROCESS_FDS)), now(site.scope(m.PROCESS_MAX_FDS)))
    summary = f"a sidecar of {site.file.service} has used "
    summary += "{{ $value | humanizePercentage }} of its open files"
    yield Condition(site.here, f"{highest(used)} > {spec.above:g}", summary)
