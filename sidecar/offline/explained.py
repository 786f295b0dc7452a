"""An explanation as text for people, or as data for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from sidecar.model.policy import Mode
from sidecar.offline.explain import Says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.model.policy import Facts
    from sidecar.offline.explain import Explanation, RuleVerdict

_MARKS: Final = {
    Says.ADMITS: ("✓", "green"),
    Says.REFUSES: ("✗", "bold red"),
    Says.WAITS: ("…", "bold yellow"),
    Says.WOULD_REFUSE: ("✗", "yellow"),
    Says.WOULD_WAIT: ("…", "yellow"),
    Says.STANDS_BY: ("↺", "cyan"),
    Says.NOT_CONCERNED: ("·", "dim"),
    Says.DISABLED: ("·", "dim"),
}
_INDENT: Final = " " * 6
_DIGITS: Final = 6


def as_text(explained: Explanation) -> Text:
    """The explanation, a rule a line; its styles show on a terminal only."""
    return Text("\n").join([*_heading(explained), Text(), *_rules(explained), *_end(explained)])


def as_data(explained: Explanation) -> dict[str, object]:
    """The same for ``--json``."""
    decisive = explained.decisive
    return {
        "request": {
            "method": explained.method,
            "path": explained.path,
            "client": explained.client,
            "number": explained.number,
        },
        "route": explained.route,
        "upstream": explained.upstream,
        "priority": explained.priority,
        "keys": explained.keys,
        "removed_headers": list(explained.removed),
        "rules": [_rule_data(one) for one in explained.verdicts],
        "outcome": "goes on" if decisive is None else decisive.says.value,
        "decisive_rule": None if decisive is None else decisive.rule.label,
    }


def _rule_data(verdict: RuleVerdict) -> dict[str, object]:
    rule, reply = verdict.rule, verdict.reply
    data: dict[str, object] = {
        "rule": rule.label,
        "mode": rule.mode.value,
        "source": rule.source,
        "says": verdict.says.value,
        "asked": not verdict.is_moot,
    }
    if verdict.because:
        data["because"] = verdict.because
    if verdict.facts:
        data["facts"] = dict(verdict.facts)
    if rule.why:
        data["why"] = rule.why
    if reply is not None:
        data["answer"] = {"status": reply.status, "reason": reply.reason, "detail": reply.detail}
    return data


def _heading(explained: Explanation) -> Iterator[Text]:
    often = f", number {explained.number} of as many at once" if explained.number > 1 else ""
    request = f"{explained.method} {explained.path}"
    yield Text.assemble((request, "bold"), f" from {explained.client}{often}")
    yield Text(
        f"  route {explained.route}, upstream {explained.upstream}, priority {explained.priority}"
    )
    if explained.keys:
        shown = ", ".join(f"{name} = {value or '–'}" for name, value in explained.keys.items())
        yield Text(f"  keys {shown}")
    for name in explained.removed:
        yield Text(f"  {name} was removed: {explained.client} is not in trust.callers", "yellow")


def _rules(explained: Explanation) -> Iterator[Text]:
    if not explained.verdicts:
        yield Text("  there are no rules in this file", "dim")
        return
    width = max(len(one.rule.label) for one in explained.verdicts)
    decisive = explained.decisive
    for verdict in explained.verdicts:
        yield _line(verdict, width)
        is_decisive = verdict is decisive
        if is_decisive or verdict.says in (Says.WOULD_REFUSE, Says.WOULD_WAIT, Says.ADMITS):
            if verdict.facts:
                yield Text(_INDENT + facts_in_words(verdict.facts), "" if is_decisive else "dim")
            if verdict.rule.why and verdict.says is not Says.ADMITS:
                yield Text(f"{_INDENT}why: {verdict.rule.why}", "italic")


def _line(verdict: RuleVerdict, width: int) -> Text:
    rule, says = verdict.rule, verdict.says
    mark, style = _MARKS[says]
    said = says.value
    if verdict.reply is not None:
        said += f" with {verdict.reply.status} {verdict.reply.reason}"
    if verdict.because:
        said += f": {verdict.because}"
    if rule.mode is Mode.SHADOW:
        said += " (shadow)"
    if verdict.is_moot and says not in (Says.NOT_CONCERNED, Says.DISABLED):
        said += " (not asked)"
        style = "dim"
    return Text.assemble(
        "  ", (mark, style), f" {rule.label:{width}}  ", (said, style), ("  " + rule.source, "dim")
    )


#: By it lines of the log are found; to people it says nothing.
_FOR_MACHINES: Final = "key_hash"


def facts_in_words(facts: Facts) -> str:
    """The numbers behind a decision, in one line."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_short(value)}"
        for name, value in facts.items()
        if name != _FOR_MACHINES
    )


def _short(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.{_DIGITS}g}"


def _end(explained: Explanation) -> Iterator[Text]:
    decisive = explained.decisive
    yield Text()
    if decisive is None:
        yield Text(f"It goes on to {explained.upstream}.", "bold green")
        return
    reply = decisive.reply
    if reply is None:
        yield Text(f"It waits, as {decisive.rule.label} says.", "bold yellow")
        return
    again = "" if reply.retry_after is None else f" Come back in {reply.retry_after:.3g} s."
    yield Text(f"It is answered with {reply.status}: {reply.detail}{again}", "bold red")
