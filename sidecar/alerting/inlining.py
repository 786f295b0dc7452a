"""Alerts that ask for what was counted, where others ask for what was recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from sidecar.alerting.alert import Alert, Group, Recording

#: The name of a series with matchers behind it, and one matcher.
_SELECTOR: Final = re.compile(
    r"(?<![\w:])([a-zA-Z_:][\w:]*)(\{(?:[^\"}]|\"(?:\\.|[^\"\\])*\")*\})?(?![\w:(])"
)
_MATCHER: Final = re.compile(r"(\w+)=\"((?:\\.|[^\"\\])*)\"")


def inlined(group: Group) -> tuple[Alert, ...]:
    """The alerts of a group, each recorded series in them replaced by what is recorded in it.

    Raises ValueError for one that the group does not record, or several times.
    """
    recordings = [rule for rule in group.rules if isinstance(rule, Recording)]
    return tuple(
        msgspec.structs.replace(rule, expression=_without(rule.expression, recordings))
        for rule in group.rules
        if isinstance(rule, Alert)
    )


def _without(expression: str, recordings: Sequence[Recording]) -> str:
    def replaced(match: re.Match[str]) -> str:
        if not any(one.record == match[1] for one in recordings):
            return match[0]
        matchers = dict(_MATCHER.findall(match[2] or ""))
        meant = [one for one in recordings if one.record == match[1] and _fits(one, matchers)]
        if len(meant) != 1:
            raise ValueError(f"{match[0]} is recorded by {len(meant)} rules")
        # One is made of those before it, never of itself.
        before = recordings[: recordings.index(meant[0])]
        return f"({_without(meant[0].expression, before)})"

    return _SELECTOR.sub(replaced, expression)


def _fits(recording: Recording, matchers: dict[str, str]) -> bool:
    return all(recording.labels.get(name, value) == value for name, value in matchers.items())
