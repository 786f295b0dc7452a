"""What priorities, bulkheads and shedding that are right in themselves probably do not mean."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.model.policy import Mode
from sidecar.model.priority import MEDIUM, WORDS
from sidecar.policies.concurrency import Order
from sidecar.ruleset.diagnostics import Diagnostic
from sidecar.ruleset.overlap import hidden_matches
from sidecar.ruleset.places import Places
from sidecar.ruleset.priorities import full_match
from sidecar.ruleset.schema import RuleFile


def lint_capacity(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Warnings about `priorities`, `concurrency` and `overload`."""
    yield from _told(file, place)
    yield from _hidden(file, place)
    yield from _idle(file, place)
    yield from _nobody_shed(file, place)
    yield from _never_full(file, place)


def _told(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    for index, one in enumerate(file.priorities):
        if one.told_by is not None and not file.trust.callers:
            name = one.told_by.header
            message = f"{name} is removed from every request, because nobody is trusted"
            hint = "say in trust.callers who may send it"
            path = ("priorities", index, "level", "header")
            yield place.value("nobody-trusted", path, message, hint)


def _hidden(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    entries = file.priorities
    for number, earlier in hidden_matches([full_match(one) for one in entries]):
        one, first = entries[number], entries[earlier]
        message = f"priority '{first.name}' takes every request of priority '{one.name}'"
        hint = f"put '{one.name}' above it"
        yield place.value("never-fires", ("priorities", number, "name"), message, hint)


def _idle(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """Priorities that nothing looks at."""
    lines = any(
        one.queue is not None and one.queue.order is Order.PRIORITY for one in file.concurrency
    )
    matched = any(match.priority for _, match in file.matches)
    if file.priorities and not (file.overload or lines or matched):
        message = "no rule asks for priorities"
        hint = "they say whom overload sheds, and who is first in a queue of concurrency"
        yield place.name("unused", ("priorities",), message, hint)


def _nobody_shed(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    given = {WORDS[MEDIUM], *(one.level for one in file.priorities if one.told_by is None)}
    if any(one.told_by is not None for one in file.priorities):
        return
    for index, rule in enumerate(file.overload):
        if rule.mode is not Mode.DISABLED and not given & {*rule.shed_order}:
            words = ", ".join(rule.shed_order)
            message = f"'{rule.name}' sheds nobody: no request has the priority {words}"
            hint = "give it to some in priorities"
            yield place.name("never-fires", ("overload", index, "shed_order"), message, hint)


def _never_full(file: RuleFile, place: Places) -> Iterator[Diagnostic]:
    """A connection carries one request at a time."""
    connections = file.listeners.inbound.limits.connections
    for index, rule in enumerate(file.concurrency):
        if not rule.upstream and rule.at_most >= connections:
            message = f"'{rule.name}' is never full: there are {connections} connections at most"
            hint = "lower it, or raise limits.connections of listeners.inbound"
            yield place.value("pointless-limit", ("concurrency", index, "at_most"), message, hint)
