"""What alerts are about: rules, objectives and upstreams of a file, and the service itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sidecar.alerting.alert import Source
from sidecar.alerting.profile import Profile
from sidecar.model.policy import Mode
from sidecar.model.spec import RuleSpec
from sidecar.ruleset.alert_lint import rule_called
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.slo_section import SloSpec
from sidecar.telemetry.promql import Scope


class Subject(NamedTuple):
    """What an alert is about."""

    #: As people say it: ``breakers/inventory``, ``slo/availability``, ``upstreams/inventory``.
    name: str
    source: Source
    why: str
    labels: Mapping[str, str]


class Site(NamedTuple):
    """A rule file, its places, and the profile that alerts are made for."""

    file: RuleFile
    document: Document
    profile: Profile
    #: The place of the entry of ``alerts``; None for the usual ones of a file that has none.
    entry: Path | None = None

    @property
    def scope(self) -> Scope:
        """Series of the service."""
        return Scope({"service": self.file.service})

    @property
    def here(self) -> Subject:
        """The service as a whole, for which the entry itself stands."""
        path = self.entry or ("service",)
        name = f"services/{self.file.service}"
        return Subject(name, self.source(path), "", {})

    def source(self, path: Path) -> Source:
        """The place of what stands at ``path``."""
        return Source(self.document.name, self.document.span(path).line)

    def at(self, path: Path) -> Subject:
        """A setting of the service, where the file has it; else the service as a whole."""
        if not self.document.has(path):
            return self.here
        return self.here._replace(source=Source(
            self.document.name, self.document.name_span(path).line
        ))  # fmt: skip

    def rule(self, rule: RuleSpec) -> Subject:
        """A rule of the file."""
        rules: tuple[RuleSpec, ...] = getattr(self.file, rule.kind)
        name = f"{rule.kind}/{rule.name}"
        source = self.source((rule.kind, rules.index(rule)))
        return Subject(name, source, rule.why, {**rule.labels, "rule": name})

    def objective(self, slo: SloSpec) -> Subject:
        """An objective of the file."""
        source = self.source(("slo", self.file.slo.index(slo)))
        return Subject(f"slo/{slo.name}", source, "", {"slo": slo.name})

    def upstream(self, name: str) -> Subject:
        """An upstream of the file."""
        line = self.document.name_span(("upstreams", name)).line
        source = Source(self.document.name, line)
        return Subject(f"upstreams/{name}", source, "", {"upstream": name})

    def rules_called(self, names: tuple[str, ...], section: str = "") -> Iterator[RuleSpec]:
        """The rules of these names, ``KIND/NAME`` or those of one section."""
        for name in names:
            yield rule_called(self.file, f"{section}/{name}" if section else name)

    def rules_of(self, *sections: str, mode: Mode = Mode.ENFORCE) -> Iterator[RuleSpec]:
        """All rules of these sections that are in this mode."""
        for section in sections:
            rules: tuple[RuleSpec, ...] = getattr(self.file, section)
            yield from (rule for rule in rules if rule.mode is mode)

    def objectives_called(self, names: tuple[str, ...]) -> Iterator[SloSpec]:
        """These objectives; all where no name is given."""
        return (slo for slo in self.file.slo if not names or slo.name in names)
