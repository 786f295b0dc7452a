"""Rule files become groups of alerts and of recorded series, before anybody's format."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.alerting.alert import MARK, Alert, Group, Recording, Severity
from sidecar.alerting.kind import Condition, Kind
from sidecar.alerting.kinds import KINDS
from sidecar.alerting.objectives import burns, record_budget, record_windows
from sidecar.alerting.profile import PRODUCTION, Profile
from sidecar.alerting.site import Site
from sidecar.alerting.standard import standard
from sidecar.ruleset.alert_entry import AlertSpec, HeldAlertSpec
from sidecar.ruleset.alerts_of_objectives import BudgetLeftSpec, BurnRateSpec
from sidecar.ruleset.check import Checked
from sidecar.ruleset.schema import RuleFile


def groups(checked: Checked, profile: Profile = PRODUCTION) -> tuple[Group, ...]:
    """Everything that follows from one rule file; what is recorded comes first.

    Names of groups have the service in them, so that several files go together. Raises ValueError
    for a file with errors.
    """
    if checked.file is None:
        raise ValueError("a file with errors has no alerts")
    site, service = Site(checked.file, checked.document, profile), checked.file.service
    burning, budgets, rest = _told(site)
    made = (
        Group(f"sidecar {service} slo", profile.records_every, (*_records(site), *burning)),
        Group(f"sidecar {service} budget", profile.budgets_every, (*_budgets(site), *budgets)),
        Group(f"sidecar {service}", profile.alerts_every, rest),
    )
    return tuple(group for group in made if group.rules)


def entries(file: RuleFile) -> tuple[AlertSpec, ...]:
    """The alerts that the file asks for, or those that are usual for it."""
    return standard(file) if file.alerts is None else file.alerts


def _records(site: Site) -> Iterator[Recording]:
    asked = [spec for spec in entries(site.file) if isinstance(spec, BurnRateSpec)]
    for slo in site.file.slo:
        pairs = [
            burn
            for spec in asked
            if not spec.slo or slo.name in spec.slo
            for severity in burns(spec, slo)
            for burn in severity
        ]
        seconds = sorted({each for one in pairs for each in (one.short_seconds, one.long_seconds)})
        yield from record_windows(slo, site.file.service, map(site.profile.window, seconds))


def _budgets(site: Site) -> Iterator[Recording]:
    for slo in site.file.slo:
        yield record_budget(slo, site.file.service, site.profile)


_Alerts = tuple[Alert, ...]


def _told(site: Site) -> tuple[_Alerts, _Alerts, _Alerts]:
    """Alerts about what is burnt, about what is left of budgets, and all others."""
    burning: list[Alert] = []
    budgets: list[Alert] = []
    rest: list[Alert] = []
    for index, spec in enumerate(entries(site.file)):
        entry = ("alerts", index) if site.file.alerts is not None else None
        kind = KINDS[spec.kind]
        at = site._replace(entry=entry)
        made = (_alert(kind, spec, one, at) for one in kind.conditions(spec, at))
        if isinstance(spec, BurnRateSpec):
            burning += made
        elif isinstance(spec, BudgetLeftSpec):
            budgets += made
        else:
            rest += made
    return tuple(burning), tuple(budgets), tuple(rest)


def _alert(kind: Kind, spec: AlertSpec, found: Condition, site: Site) -> Alert:
    severity, held = found.severity, 0.0
    if isinstance(spec, HeldAlertSpec):
        severity, held = severity or Severity(spec.severity.value), spec.hold
    keep = kind.keep_seconds
    return Alert(
        name=kind.alert,
        entry=spec.name,
        severity=severity or Severity.TICKET,
        expression=found.expression,
        for_seconds=site.profile.seconds(held),
        keep_firing_seconds=site.profile.seconds(keep),
        labels=_labels(spec, found, severity or Severity.TICKET, site.file),
        annotations=_annotations(kind, spec, found, site),
    )


def _owner(spec: AlertSpec, file: RuleFile) -> str:
    """Whoever is named closest; else the service, for somebody must be."""
    return spec.owner or file.owner or file.service


def _labels(
    spec: AlertSpec, found: Condition, severity: Severity, file: RuleFile
) -> dict[str, str]:
    """Those of the rule, then the entry's, then ours, which nobody else's replace."""
    named = {**found.subject.labels, **spec.labels}
    ours = {
        "service": file.service,
        "severity": severity.value,
        "alert": spec.name,
        "owner": _owner(spec, file),
        "criticality": file.criticality.value if file.criticality is not None else "",
        MARK[0]: MARK[1],
    }
    return {**named, **{name: text for name, text in ours.items() if text}}


def _annotations(kind: Kind, spec: AlertSpec, found: Condition, site: Site) -> dict[str, str]:
    told = {
        "summary": found.summary,
        "description": kind.first,
        "rule": found.subject.name,
        "source": str(found.subject.source),
        "alert_source": str(site.source(site.entry)) if site.entry is not None else "",
        "owner": _owner(spec, site.file),
        "why": spec.why or found.subject.why or kind.why,
    }
    return {name: text for name, text in told.items() if text}
