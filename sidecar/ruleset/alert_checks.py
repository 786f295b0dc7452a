"""Whether alerts (`alerts`) are about what the file has, and agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Row
from typing import Any, Final

from sidecar.model.reading import closest
from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alerts_of_objectives import BurnRateSpec
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Mapping, Path, Scalar, Sequence
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.references import undeclared
from sidecar.ruleset.schema import OTHER, RULE_KINDS
from sidecar.ruleset.slo_section import SloSpec

#: Fields that name entries of a list, the list, what an entry is called, and the code.
_LISTED: Final = {
    "slo": ("slo", "objective", "unknown-objective"),
    "breaker": ("breakers", "breaker", "unknown-rule"),
    "fallback": ("fallbacks", "fallback", "unknown-rule"),
    "retry": ("retries", "rule of retries", "unknown-rule"),
    "limit": ("rate_limits", "rate limit", "unknown-rule"),
}
#: Labels of every alert, which nobody else gives a value to.
RESERVED_LABELS: Final = frozenset({
    "alert", "alertname", "control", "criticality", "exporter", "managed_by", "owner", "reason",
    "resource", "route", "rule", "service", "severity", "slo", "upstream",
})  # fmt: skip
#: The kinds of rules that turn requests away when there is too much to do.
LOAD_KINDS: Final = ("overload", "concurrency")


def check_alerts(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every mention of what the file does not have, and every contradiction."""
    found: list[Diagnostic] = []
    for path, spec in parts.drafts_of(AlertSpec):
        found += _repeated(path, spec, document)
        found += _names(path, spec, document)
        found += _rules(path, spec, document)
        found += _endpoints_and_routes(path, spec, parts, document)
        found += _labels(path, spec, document)
    for path, burn in parts.of(BurnRateSpec):
        found += _windows(path, burn, parts, document)
        found += _twice(path, burn, document)
    return found


def _of(spec: AlertSpec, field: str) -> Row[str]:
    """The names in a field, which a kind or a draft may lack."""
    names: Any = getattr(spec, field, ())
    return names if isinstance(names, tuple) else ()


def _at(path: Path, field: str, index: int, document: Document) -> Path:
    """Where a name stands, alone or in a list."""
    place = (*path, field, index)
    return place if document.has(place) else (*path, field)


def named(document: Document, section: str) -> tuple[str, ...]:
    """What the entries of a list are called, those with errors included."""
    entries = document.root.fields.get(section) if document.root is not None else None
    names = (
        item.fields.get("name")
        for item in (entries.items if isinstance(entries, Sequence) else ())
        if isinstance(item, Mapping)
    )
    return tuple(
        one.value for one in names if isinstance(one, Scalar) and isinstance(one.value, str)
    )


def _names(path: Path, spec: AlertSpec, document: Document) -> Iterator[Diagnostic]:
    for field, (section, word, code) in _LISTED.items():
        declared = named(document, section)
        for index, name in enumerate(_of(spec, field)):
            if name not in declared:
                span = document.span(_at(path, field, index, document))
                message = f"no {word} is called '{name}'"
                yield finding(code, message, document.name, span, _hint(name, declared, section))


def _rules(path: Path, spec: AlertSpec, document: Document) -> Iterator[Diagnostic]:
    for index, name in enumerate(_of(spec, "rule")):
        kind, _, _ = name.partition("/")
        declared = [f"{one}/{each}" for one in RULE_KINDS for each in named(document, one)]
        span = document.span(_at(path, "rule", index, document))
        if name not in declared:
            hint = _hint(name, declared, "rules")
            message = f"no rule is called '{name}'"
            yield finding("unknown-rule", message, document.name, span, hint)
        elif spec.kind == "shed_share" and kind not in LOAD_KINDS:
            message = f"{name} turns nobody away because there is too much to do"
            hint = "name a rule of overload or concurrency, or write kind: refused_share"
            yield finding("conflict", message, document.name, span, hint)


def _repeated(path: Path, spec: AlertSpec, document: Document) -> Iterator[Diagnostic]:
    """What is named twice would be told twice, and Grafana knows no two of the same."""
    for field in (*_LISTED, "rule", "upstream", "route"):
        names = _of(spec, field)
        for index, name in enumerate(names):
            if name in names[:index]:
                span = document.span(_at(path, field, index, document))
                message = f"'{name}' stands in {field} already"
                yield finding("conflict", message, document.name, span, "name it once")


def _hint(name: str, declared: Row[str], section: str) -> str:
    meant = closest(name, declared)
    if meant is not None:
        return f"did you mean {meant}?"
    return f"declared: {', '.join(declared)}" if declared else f"declare it in {section}"


def _endpoints_and_routes(
    path: Path, spec: AlertSpec, parts: Parts, document: Document
) -> Iterator[Diagnostic]:
    for field in ("upstream", "route"):
        mentions = [
            (name, _at(path, field, index, document))
            for index, name in enumerate(_of(spec, field))
            if not (field == "route" and name == OTHER)
        ]
        yield from undeclared(f"{field}s", mentions, parts, document)


def _labels(path: Path, spec: AlertSpec, document: Document) -> Iterator[Diagnostic]:
    labels: Any = getattr(spec, "labels", {})
    for name in labels if isinstance(labels, dict) else ():
        if name in RESERVED_LABELS:
            message = f"every alert has a label '{name}' of its own"
            span = document.name_span((*path, "labels", name))
            yield finding("reserved-name", message, document.name, span, "rename the label")


def _windows(
    path: Path, burn: BurnRateSpec, parts: Parts, document: Document
) -> Iterator[Diagnostic]:
    """A window longer than the objective's own says nothing about its budget."""
    for field in ("page", "ticket"):
        for index, one in enumerate(getattr(burn, field) or ()):
            for _, slo in parts.of(SloSpec):
                meant = burn.for_each is not None or slo.name in burn.slo
                if meant and one.long_seconds > slo.over:
                    message = f"'{slo.name}' is held over less time than this window has"
                    span = document.span((*path, field, index))
                    hint = (
                        f"write a window no longer than the over of '{slo.name}', or name in slo "
                    )
                    hint += "those that it is meant for"
                    yield finding("conflict", message, document.name, span, hint)


def _twice(path: Path, burn: BurnRateSpec, document: Document) -> Iterator[Diagnostic]:
    seen: dict[object, str] = {}
    for field in ("page", "ticket"):
        for index, one in enumerate(getattr(burn, field) or ()):
            if one in seen:
                message = f"this burn rate stands in {seen[one]} already"
                span = document.span((*path, field, index))
                yield finding("conflict", message, document.name, span, "keep one of them")
            seen.setdefault(one, field)
