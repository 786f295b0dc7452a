"""A decision of a running sidecar, explained: what each rule said, with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from sidecar.admin.decided import Decision, Explanation, RuleSays
from sidecar.commands.held import as_text
from sidecar.commands.reaching import Declined, Reach, find_all, sentences
from sidecar.commands.wording import millis, on
from sidecar.offline.explained import facts_in_words

_MARKS: Final = {
    "admitted": ("✓", "green"),
    "refused": ("✗", "bold red"),
    "parked": ("…", "bold yellow"),
    "would_admit": ("✓", "dim"),
    "would_refuse": ("✗", "yellow"),
    "not_asked": ("·", "dim"),
}
_INDENT: Final = " " * 6


def explain_decision(reach: Reach, decision: str, *, as_json: bool) -> None:
    """Ask a running sidecar about one of its decisions, and show what it says."""
    with sentences():
        explained = _asked_everywhere(reach, decision)
    if as_json:
        typer.echo(as_text(explained))
        return
    Console(highlight=False, soft_wrap=True).print(decision_text(explained))


def _asked_everywhere(reach: Reach, decision: str) -> Explanation:
    """Which sidecar gave the id cannot be seen from it: everyone is asked."""
    declined = None
    for running in find_all(reach):
        try:
            return running.ask(f"/v1/decisions/{decision}", Explanation)
        except Declined as error:
            declined = error
    if declined is None:
        raise RuntimeError("somebody is found, or said not to be there")
    raise declined


def decision_text(explained: Explanation) -> Text:
    """The decision, a rule a line; the decisive one stands out."""
    return Text("\n").join(
        [
            *_heading(explained.decision),
            Text(),
            *_rules(explained),
            Text(),
            _end(explained),
        ]
    )


def _heading(one: Decision) -> Iterator[Text]:
    query = f"?{one.query}" if one.query else ""
    yield Text.assemble((f"{one.method} {one.path}{query}", "bold"), f" from {one.client}")
    yield Text(f"  {on(one.time)}, {millis(one.seconds)}, of which the sidecar"
               f" {millis(one.overhead_seconds)}")  # fmt: skip
    yield Text(f"  route {one.route}, upstream {one.upstream}, rules {one.rules_version}")
    yield Text(f"  decision {one.id}, trace {one.trace_id}", "dim")


def _rules(explained: Explanation) -> Iterator[Text]:
    rules = explained.rules
    if not rules:
        yield Text("  the rules let it pass, and their numbers were not put down", "dim")
        return
    width = max(len(one.rule) for one in rules)
    for one in rules:
        yield _line(one, width)
        if one.facts:
            yield Text(_INDENT + facts_in_words(one.facts), "" if one.decisive else "dim")
        if one.why and one.decisive:
            yield Text(f"{_INDENT}why: {one.why}", "italic")
    if not explained.complete:
        yield Text("  so many were refused then that the other rules were not asked", "dim")


def _line(one: RuleSays, width: int) -> Text:
    mark, style = _MARKS.get(one.said, ("·", "dim"))
    said = one.said.replace("_", " ") + (" (shadow)" if one.mode == "shadow" else "")
    decided = "  ◀" if one.said == "refused" else ""
    return Text.assemble(
        "  ", (mark, style), f" {one.rule:{width}}  ", (said, style), (f"  {one.source}", "dim"),
        (decided, "bold red"),
    )  # fmt: skip


def _end(explained: Explanation) -> Text:
    one, told = explained.decision, explained.told
    if told is not None:
        again = "" if told.retry_after is None else f" Come back in {told.retry_after:.3g} s."
        text = f"It was answered with {told.status} {told.reason}: {told.detail}{again}"
        return Text(text, "bold red")
    where = f" by {one.endpoint}" if one.endpoint else ""
    if one.outcome == "degraded":
        return Text(f"{one.fallback} answered with {one.status} for {one.reason}.", "bold magenta")
    if one.outcome == "failed":
        why = f": {one.reason}" if one.reason else ""
        return Text(f"It was answered with {one.status or 'nothing'}{where}{why}.", "bold red")
    return Text(f"It was answered with {one.status}{where}.", "bold green")
