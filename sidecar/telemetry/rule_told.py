"""What is told of each rule of the live rule set: where it stands, whose it is, why it is there."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from sidecar.model.policy import Mode, Rule
from sidecar.telemetry.unicode_text import unicode

#: So much of a `why` is told, in characters; the rule file has the rest.
WHY_AT_MOST: Final = 200

#: What a rule's mode comes from: the rule file, an operator's override, or its `active` window.
ModeBy = Literal["file", "override", "window"]


class RuleTold(NamedTuple):
    """The labels of one rule, in the order of ``catalogue.RULE_INFO``, ``service`` left out."""

    kind: str
    name: str
    mode: str
    mode_by: ModeBy
    source: str
    owner: str
    why: str


def rule_told(rule: Rule, mode: Mode, mode_by: ModeBy, owner: str) -> RuleTold:
    """What is told of ``rule``, which is in ``mode`` at the moment."""
    texts = map(unicode, (rule.source, owner, _cut(rule.why)))
    return RuleTold(rule.kind, rule.name, mode.value, mode_by, *texts)


def _cut(why: str) -> str:
    return why if len(why) <= WHY_AT_MOST else f"{why[: WHY_AT_MOST - 1]}…"
