"""What fallbacks refer to, what of them contradicts itself, and what they probably do not mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sidecar.model.policy import Mode
from sidecar.model.reading import closest
from sidecar.policies.fallback import PLACES, FallbackSpec, FallbackStepSpec, Serve, is_place
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.references import undeclared
from sidecar.ruleset.schema import OTHER, RuleFile
from sidecar.wire.answer import WITHOUT_CONTENT
from sidecar.wire.names import RESPONSE_KINDS

#: What only a step that asks another upstream has, and what only the others have.
_OF_UPSTREAMS: Final = ("upstream", "timeout")
_OF_ANSWERS: Final = ("status", "body", "headers")


def check_fallbacks(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every mention that means nothing, and every field that contradicts another or lacks one."""
    return [*_references(parts, document), *_contradictions(parts, document)]


def lint_fallbacks(file: RuleFile, document: Document) -> list[Diagnostic]:
    """Warnings about ``file``, which was checked and has no error."""
    return [
        *_to_itself(file, document),
        *_behind_an_answer(file, document),
        *_never_exercised(file, document),
        *_unused_switches(file, document),
    ]


def _references(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    upstreams: list[tuple[str, Path]] = []
    switches: list[tuple[str, Path]] = []
    for path, rule in parts.drafts_of(FallbackSpec):
        if getattr(rule, "switch", None):
            switches.append((str(rule.switch), (*path, "switch")))
        for index, step in enumerate(getattr(rule, "steps", ())):
            if getattr(step, "upstream", None):
                upstreams.append((str(step.upstream), (*path, "try", index, "upstream")))
    yield from undeclared("upstreams", upstreams, parts, document)
    yield from undeclared("switches", switches, parts, document)


def _contradictions(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, rule in parts.of(FallbackSpec):
        if not rule.when and rule.switch is None:
            message = f"fallback '{rule.name}' says neither when nor which switch"
            hint = "add when: [breaker_open, timeout, connect_failure, upstream_5xx]"
            yield _missing(document, path, message, hint)
        if not rule.steps:
            message = "the list is empty"
            span = document.span((*path, "try"))
            yield finding("empty-list", message, document.name, span, "write an answer to try")
        for index, step in enumerate(rule.steps):
            place = (*path, "try", index)
            yield from _step(document, place, step)
            if step.body is not None:
                yield from _body(document, place, step)


def _step(document: Document, path: Path, step: FallbackStepSpec) -> Iterator[Diagnostic]:
    serve = step.serve.value
    asks = step.serve is Serve.UPSTREAM
    if asks and step.upstream is None:
        yield _missing(document, path, "it does not say which upstream", "add upstream: NAME")
    if step.serve is Serve.TEMPLATE and step.body is None:
        yield _missing(document, path, "there is nothing to fill in", "add body: {text: …}")
    for field in _OF_ANSWERS if asks else _OF_UPSTREAMS:
        if field in step.model_fields_set:
            message = f"{field} has no meaning for serve: {serve}"
            yield _conflict(document, (*path, field), message)
    for name in step.headers:
        if name.encode("ascii") in RESPONSE_KINDS:
            message = f"headers cannot set {name}"
            reason = "it belongs to the connection or is written by the sidecar itself"
            span = document.name_span((*path, "headers", name))
            yield finding("closed-header", message, document.name, span, reason)


def _body(document: Document, path: Path, step: FallbackStepSpec) -> Iterator[Diagnostic]:
    forms = step.body.forms if step.body is not None else ()
    if step.status in WITHOUT_CONTENT:
        message = f"an answer with {step.status} has no body"
        yield _conflict(document, (*path, "body"), message)
    if not forms:
        message = "the body is empty"
        yield _missing(document, (*path, "body"), message, "add json:, text: or file:")
    elif len(forms) > 1:
        message = f"{' and '.join(forms)} both say what the body is"
        span = document.name_span((*path, "body", forms[1]))
        yield finding("conflict", message, document.name, span, "keep one of them")
    for name in sorted(step.places):
        if not is_place(name):
            message = f"there is nothing to fill in for {{{name}}}"
            words = {word.strip("."): f"{{{word}NAME}}" for word in PLACES if word.endswith(".")}
            words = {word: f"{{{word}}}" for word in PLACES if not word.endswith(".")} | words
            meant = closest(name.partition(".")[0], words)
            hint = f"write {', '.join(words.values())}"
            hint = f"{hint}; did you mean {words[meant]}?" if meant is not None else hint
            span = document.span((*path, "body", forms[0]))
            yield finding("bad-value", message, document.name, span, hint)


def _missing(document: Document, path: Path, message: str, hint: str) -> Diagnostic:
    return finding("incomplete", message, document.name, document.holder_span(path), hint)


def _conflict(document: Document, path: Path, message: str) -> Diagnostic:
    return finding("conflict", message, document.name, document.name_span(path), "leave it out")


# --- warnings


def _in_force(file: RuleFile) -> Iterator[tuple[Path, FallbackSpec]]:
    for index, rule in enumerate(file.fallbacks):
        if rule.mode is not Mode.DISABLED:
            yield ("fallbacks", index), rule


def _to_itself(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    to = file.listeners.inbound.to
    upstream_of = {one.name: one.upstream or to for one in file.routes} | {OTHER: to}
    for path, rule in _in_force(file):
        routes = rule.match.route or tuple(upstream_of)
        mine = {*rule.upstream} or {upstream_of[name] for name in routes}
        for index, step in enumerate(rule.steps):
            if step.upstream is not None and mine == {step.upstream}:
                message = f"'{step.upstream}' is to stand in for itself"
                span = document.span((*path, "try", index, "upstream"))
                hint = "name another upstream; to ask again is what retries are for"
                yield finding("fallback-to-itself", message, document.name, span, hint)


def _behind_an_answer(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    for path, rule in _in_force(file):
        always = [step.serve is not Serve.UPSTREAM for step in rule.steps]
        if True in always[:-1]:
            index = always.index(True) + 1
            message = f"step {index} always has an answer: what stands behind it is never tried"
            span = document.span((*path, "try", index, "serve"))
            yield finding("never-fires", message, document.name, span, "put it last")


def _never_exercised(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    for path, rule in _in_force(file):
        if rule.exercise and rule.match.method and "GET" not in rule.match.method:
            message = "only GET requests are exercised, and it matches none"
            span = document.span((*path, "exercise"))
            yield finding("never-fires", message, document.name, span, "leave it out")


def _unused_switches(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    used = {rule.switch for rule in file.fallbacks}
    for index, name in enumerate(file.switches):
        if name not in used:
            span = document.span(("switches", index))
            yield finding("unused", f"no rule asks for switch '{name}'", document.name, span)
