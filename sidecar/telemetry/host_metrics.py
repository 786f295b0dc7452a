"""The metrics of the process, its container and its event loop; part of the catalogue."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Kind, Metric

GC_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)

_OF_SERVICE: Final = (a.SERVICE,)

# --- the process, under the names that Prometheus clients have for it
PROCESS_CPU: Final = Metric(
    "process_cpu_seconds_total",
    Kind.COUNTER,
    "CPU time spent, user and system.",
    _OF_SERVICE,
    unit="seconds",
    dotted="process.cpu.time",
)
PROCESS_MEMORY: Final = Metric(
    "process_resident_memory_bytes",
    Kind.GAUGE,
    "Resident memory.",
    _OF_SERVICE,
    unit="bytes",
    dotted="process.memory.usage",
)
PROCESS_VIRTUAL: Final = Metric(
    "process_virtual_memory_bytes",
    Kind.GAUGE,
    "Virtual memory.",
    _OF_SERVICE,
    unit="bytes",
    dotted="process.memory.virtual",
)
PROCESS_START: Final = Metric(
    "process_start_time_seconds",
    Kind.GAUGE,
    "When the process started, since 1970.",
    _OF_SERVICE,
    unit="seconds",
    dotted="sidecar.process.start_time",
)
PROCESS_THREADS: Final = Metric(
    "process_threads",
    Kind.GAUGE,
    "Threads of the process.",
    _OF_SERVICE,
    counted="thread",
    dotted="process.thread.count",
)
PROCESS_FDS: Final = Metric(
    "process_open_fds",
    Kind.GAUGE,
    "Open file descriptors.",
    _OF_SERVICE,
    counted="file_descriptor",
    dotted="process.unix.file_descriptor.count",
)
PROCESS_MAX_FDS: Final = Metric(
    "process_max_fds",
    Kind.GAUGE,
    "How many file descriptors may be open.",
    _OF_SERVICE,
    counted="file_descriptor",
    dotted="sidecar.process.max_file_descriptors",
)

# --- the container: the control group that limits us most closely
CONTAINER_CPU: Final = Metric(
    "sidecar_container_cpu_seconds_total",
    Kind.COUNTER,
    "CPU time of everything in the container.",
    _OF_SERVICE,
    unit="seconds",
)
CONTAINER_CPU_LIMIT: Final = Metric(
    "sidecar_container_cpu_limit",
    Kind.GAUGE,
    "How many CPUs' worth of time the container may use; not there without a quota.",
    _OF_SERVICE,
    counted="cpu",
)
CONTAINER_PERIODS: Final = Metric(
    "sidecar_container_cpu_periods_total",
    Kind.COUNTER,
    "Periods in which the container's CPU quota was looked at.",
    _OF_SERVICE,
    counted="period",
)
CONTAINER_THROTTLED: Final = Metric(
    "sidecar_container_cpu_throttled_periods_total",
    Kind.COUNTER,
    "Periods in which the container had used up its CPU quota, and had to wait.",
    _OF_SERVICE,
    counted="period",
)
CONTAINER_THROTTLED_TIME: Final = Metric(
    "sidecar_container_cpu_throttled_seconds_total",
    Kind.COUNTER,
    "How long the container had to wait for its next CPU quota.",
    _OF_SERVICE,
    unit="seconds",
)
CONTAINER_MEMORY: Final = Metric(
    "sidecar_container_memory_bytes",
    Kind.GAUGE,
    "Memory of the container, cached files included.",
    _OF_SERVICE,
    unit="bytes",
)
CONTAINER_WORKING_SET: Final = Metric(
    "sidecar_container_memory_working_set_bytes",
    Kind.GAUGE,
    "The same without cached files that nobody has used of late.",
    _OF_SERVICE,
    unit="bytes",
)
CONTAINER_MEMORY_LIMIT: Final = Metric(
    "sidecar_container_memory_limit_bytes",
    Kind.GAUGE,
    "How much memory the container may have; not there without a limit.",
    _OF_SERVICE,
    unit="bytes",
)
CONTAINER_MEMORY_EVENTS: Final = Metric(
    "sidecar_container_memory_events_total",
    Kind.COUNTER,
    "How often the container met a limit of its memory, and lost a process to it (`oom_kill`).",
    (*_OF_SERVICE, a.MEMORY_EVENT),
    counted="event",
)
PRESSURE: Final = Metric(
    "sidecar_pressure_seconds_total",
    Kind.COUNTER,
    "How long something (`some`), or all that could have run (`full`), waited for a resource.",
    (*_OF_SERVICE, a.PRESSURE_SCOPE, a.RESOURCE, a.PRESSURE_STALLED),
    unit="seconds",
)

# --- the loop, and what there is left of everything
GC_PAUSE: Final = Metric(
    "sidecar_gc_pause_seconds",
    Kind.HISTOGRAM,
    "How long Python's garbage collector let everything else wait.",
    (*_OF_SERVICE, a.GENERATION),
    unit="seconds",
    buckets=GC_BUCKETS,
)
LOOP_CPU: Final = Metric(
    "sidecar_loop_cpu_seconds_total",
    Kind.COUNTER,
    "CPU time of the event loop's thread, which serves every request; at 1 a second it is full.",
    _OF_SERVICE,
    unit="seconds",
)
SATURATION: Final = Metric(
    "sidecar_saturation_ratio",
    Kind.GAUGE,
    "How much is used of the resource of which least is left, of late: the number to scale on.",
    _OF_SERVICE,
    unit="ratio",
)
SATURATION_BY_RESOURCE: Final = Metric(
    "sidecar_saturation_resource_ratio",
    Kind.GAUGE,
    "How much is used of each resource that bounds what this instance can do, of late.",
    (*_OF_SERVICE, a.RESOURCE),
    unit="ratio",
)

#: Read from files of the kernel, off the loop.
READ: Final = (
    PROCESS_CPU,
    PROCESS_MEMORY,
    PROCESS_VIRTUAL,
    PROCESS_START,
    PROCESS_THREADS,
    PROCESS_FDS,
    PROCESS_MAX_FDS,
    CONTAINER_CPU,
    CONTAINER_CPU_LIMIT,
    CONTAINER_PERIODS,
    CONTAINER_THROTTLED,
    CONTAINER_THROTTLED_TIME,
    CONTAINER_MEMORY,
    CONTAINER_WORKING_SET,
    CONTAINER_MEMORY_LIMIT,
    CONTAINER_MEMORY_EVENTS,
    PRESSURE,
)
