"""Whether the fields of `active` agree with one another."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.model.spec import ActiveSpec
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.parts import Parts


def check_activity(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every window that cannot open, is open for no reason, or is said in two ways."""
    found: list[Diagnostic] = []
    for path, rule in parts.rule_drafts():
        active = getattr(rule, "active", None)
        if active is not None:
            found += _of_one((*path, "active"), active, document)
    return found


def _of_one(path: Path, active: ActiveSpec, document: Document) -> Iterator[Diagnostic]:
    # What has an error of its own is missing in a draft, and is not asked for a second time.
    has = {field for field in ("from", "to", "for", "every") if document.has((*path, field))}
    name = document.name
    for code, field, message, hint in (*_missing(has), *_contradicting(has, active)):
        place = (*path, field) if field else path
        span = document.holder_span(path) if code == "incomplete" else document.name_span(place)
        yield finding(code, message, name, span, hint)


def _missing(has: set[str]) -> Iterator[tuple[str, str, str, str]]:
    if not has & {"from", "to", "for"}:
        yield "incomplete", "", "active says neither when it begins nor when it ends", _EXAMPLE
    elif "for" in has and "from" not in has:
        yield "incomplete", "", "for needs to know from when on", _EXAMPLE
    elif "every" in has and not ("from" in has and has & {"to", "for"}):
        yield "incomplete", "", "every needs the beginning and the end of the first time", _EXAMPLE


def _contradicting(has: set[str], active: ActiveSpec) -> Iterator[tuple[str, str, str, str]]:
    if {"to", "for"} <= has:
        yield "conflict", "for", "both to and for say when it ends", "keep one of them"
        return
    start, to = getattr(active, "start", None), getattr(active, "to", None)
    length, every = getattr(active, "length", None), getattr(active, "every", None)
    if start is not None and to is not None:
        length = (to - start).total_seconds()
        if length <= 0:
            yield "conflict", "to", "it ends before it begins", "write a later moment"
            return
    if every is not None and start is not None and length and length > every.seconds:
        message = f"it lasts longer than the {every.value} after which it begins again"
        yield "conflict", "every", message, "make it shorter, or leave every out"


_EXAMPLE = 'write {from: "2026-11-11T00:00:00+08:00", for: 15m}'
