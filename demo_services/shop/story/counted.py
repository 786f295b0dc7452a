"""What a sidecar has counted, out of Prometheus's text format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

_DECISIONS: Final = "sidecar_decisions_total"


class Decisions(NamedTuple):
    """What one rule decided, or in shadow would have."""

    admitted: int = 0
    refused: int = 0
    applied: int = 0

    def since(self, before: Decisions) -> Decisions:
        """What was decided between two moments."""
        return Decisions(*(now - then for now, then in zip(self, before, strict=True)))


class Counted:
    """Everything that was counted by a moment."""

    def __init__(self, exposition: str) -> None:
        self._samples = [
            sample
            for family in text_string_to_metric_families(exposition)
            for sample in family.samples
        ]

    def total(self, metric: str, labels: Mapping[str, str] | None = None) -> float:
        """The sum of all series that have these labels; 0 when there is none."""
        wanted = dict(labels or {}).items()
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == metric and wanted <= sample.labels.items()
        )

    def decisions(self, kind: str, rule: str) -> Decisions:
        """What the rule has decided so far, in whatever mode."""
        labels = {"kind": kind, "rule": rule}
        return Decisions(
            *(
                int(self.total(_DECISIONS, {**labels, "outcome": outcome}))
                for outcome in Decisions._fields
            )
        )
