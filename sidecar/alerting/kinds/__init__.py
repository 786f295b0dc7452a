"""The kinds of alerts, each declared once: a function that says what may be wrong."""

from __future__ import annotations

from typing import Final

from sidecar.alerting.kind import Kind
from sidecar.alerting.kinds import objectives, rules, sidecars

#: By the word in `kind`.
KINDS: Final[dict[str, Kind]] = {
    value.word: value
    for module in (objectives, rules, sidecars)
    for value in vars(module).values()
    if isinstance(value, Kind)
}
