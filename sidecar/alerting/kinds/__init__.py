"""The kinds of alerts, each declared once: a function that says what may be wrong."""

from __future__ import annotations

from typing import Final

from sidecar.alerting.kind import Kind
from sidecar.alerting.kinds import (
    failures,
    host,
    objectives,
    rule_files,
    rules,
    sidecars,
    telemetry,
    upstreams,
)

#: By the word in `kind`, from what users see down to what only we see.
KINDS: Final[dict[str, Kind]] = {
    value.word: value
    for module in (
        objectives,
        rules,
        failures,
        rule_files,
        upstreams,
        sidecars,
        host,
        telemetry,
    )
    for value in vars(module).values()
    if isinstance(value, Kind)
}
