"""One look: what runs here, with which rules, and how the process is."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Final

from sidecar.admin import answers as a
from sidecar.admin.inside import Inside
from sidecar.admin.rules_view import breakers, controls, rules
from sidecar.admin.traffic_view import durations, routes, upstreams
from sidecar.proxy.clock import clock
from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.telemetry.catalogue import LAG_BUCKETS
from sidecar.telemetry.clock import moment
from sidecar.telemetry.metrics import AUDIT, LOGS, RECORDS

_STARTED: Final = clock()
_PAGE_BYTES: Final = resource.getpagesize()


def status(inside: Inside) -> a.Status:
    """What one wants to know first."""
    meters, live = inside.meters, inside.live
    reason = inside.readiness.reason
    return a.Status(
        service=meters.service,
        version=meters.version,
        ready=not reason,
        reason=reason,
        rules_version=live.rules.version,
        in_force_since=moment(meters.reloads.last_success),
        trouble=live.trouble,
        path=str(inside.rule_file),
        state_dir=str(inside.state_dir),
        addresses=dict(inside.addresses()),
        host=host(inside),
        controls=controls(inside),
        log_level=inside.log.level,
    )


def overview(inside: Inside) -> a.Overview:
    """Everything that moves, at one moment."""
    return a.Overview(
        time=moment(time.time()),
        clock=clock(),
        status=status(inside),
        routes=routes(inside),
        rules=rules(inside),
        breakers=breakers(inside),
        upstreams=upstreams(inside),
    )


def host(inside: Inside) -> a.Host:
    """How the process is."""
    meters = inside.meters
    used = resource.getrusage(resource.RUSAGE_SELF)
    return a.Host(
        pid=os.getpid(),
        uptime_seconds=round(clock() - _STARTED, 3),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 3),
        memory_bytes=_resident_bytes(),
        loop_lag=durations([meters.loop_lag], LAG_BUCKETS),
        connections=sum(one.connections_open for one in meters.listeners.values()),
        lost_records=sum(meters.drops[RECORDS].counts.values()),
        lost_lines=sum(sum(meters.drops[one].counts.values()) for one in (LOGS, AUDIT)),
    )


def rule_file(inside: Inside) -> a.RuleFileAnswer:
    """The rule file in force, and what is to be said of the one that was seen last."""
    reloads, live = inside.meters.reloads, inside.live
    return a.RuleFileAnswer(
        version=live.rules.version,
        path=str(inside.rule_file),
        in_force_since=moment(reloads.last_success),
        reloads=reloads.successes,
        failed_reloads=reloads.failures,
        trouble=live.trouble,
        diagnostics=[_diagnosis(one) for one in live.found],
        text="\n".join(live.checked.document.lines),
    )


def _diagnosis(one: Diagnostic) -> a.Diagnosis:
    return a.Diagnosis(
        severity=one.severity.value,
        code=one.code,
        message=one.message,
        hint=one.hint,
        file=one.file,
        line=one.line,
        column=one.column,
    )


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        # Where there is no /proc, the most there ever was.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
