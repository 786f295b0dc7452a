"""What the rules around attempts contradict, and what they probably do not mean."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.model.http import IDEMPOTENT
from sidecar.model.policy import Mode
from sidecar.policies.fault import FaultSpec
from sidecar.policies.retry import Jitter, RetrySpec
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.routes import Timeouts
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.timeouts import timeouts_of


def check_attempts(parts: Parts, document: Document) -> list[Diagnostic]:
    """Every field of such a rule that contradicts another one or lacks one beside it."""
    return [*_retries(parts, document), *_faults(parts, document)]


def lint_attempts(file: RuleFile, document: Document) -> list[Diagnostic]:
    """Warnings about ``file``, which was checked and has no error."""
    return [*_waits_too_long(file, document), *_hits_everybody(file, document)]


def _retries(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, rule in parts.of(RetrySpec):
        backoff = rule.backoff
        if backoff.first > backoff.at_most:
            message = f"the first wait, {backoff.first:g}s, is longer than the longest"
            span = document.span((*path, "backoff", "first"))
            yield finding("conflict", message, document.name, span, "make at_most longer")
        if rule.only_with_header is not None or rule.only_untouched:
            continue
        for index, method in enumerate(rule.match.method):
            if method not in IDEMPOTENT:
                message = f"a {method} sent twice may have its effect twice"
                hint = "add only_with_header: idempotency-key, or write on: connect_failure"
                span = document.span((*path, "match", "method", index))
                yield finding("unsafe-retry", message, document.name, span, hint)


def _faults(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, rule in parts.of(FaultSpec):
        if rule.delay is None and rule.abort is None:
            message = f"fault '{rule.name}' neither delays nor aborts"
            span = document.holder_span(path)
            yield finding("incomplete", message, document.name, span, "add delay: or abort:")


def _waits_too_long(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    for index, rule in enumerate(file.retries):
        if rule.mode is Mode.DISABLED:
            continue
        found = [_never_fits(rule, one) for one in timeouts_of(file, rule)]
        if all(found):
            span = document.span(("retries", index, "name"))
            hint = "retry less often, make per_try or the waits shorter, or request longer"
            yield finding("retries-too-long", found[0], document.name, span, hint)


def _hits_everybody(file: RuleFile, document: Document) -> Iterator[Diagnostic]:
    for index, rule in enumerate(file.faults):
        hits = rule.abort is not None and rule.abort.share == 1.0 and rule.match.is_everything
        if hits and rule.mode is Mode.ENFORCE and rule.active is None:
            message = f"'{rule.name}' answers every request"
            span = document.name_span(("faults", index, "abort"))
            hint = "say which in match, how many in share, or until when in active"
            yield finding("fault-for-all", message, document.name, span, hint)


def _never_fits(rule: RetrySpec, timeouts: Timeouts) -> str:
    """Why the last retry can never come; empty when it can."""
    backoff, request = rule.backoff, timeouts.request
    if backoff.jitter is Jitter.NONE and backoff.first >= request:
        return f"the first wait is {backoff.first:g}s, but the whole request may take {request:g}s"
    if "timeout" in rule.on and rule.at_most * timeouts.per_try >= request:
        times = f"{rule.at_most} times {timeouts.per_try:g}s"
        return f"after timeouts there is no time left for the last retry: {times} of {request:g}s"
    return ""
