"""Sentences of alerts, as the templates of Prometheus and of Grafana must have them.

Both servers read annotations and labels as templates of the Go language. Whatever came from a
rule file is text and stays text, whatever stands in it; only ``summary`` and ``description``
may speak of the value and of labels, in the few forms that ``PLACEHOLDER`` knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

#: The annotations in which placeholders are meant as such.
SENTENCES: Final = frozenset({"summary", "description"})
#: ``{{ $value }}``, ``{{ $value | humanizePercentage }}``, ``{{ $labels.upstream }}``.
PLACEHOLDER: Final = re.compile(
    r"\{\{ \$(value|labels\.[a-zA-Z_][a-zA-Z0-9_]*)"
    r"( \| (?:humanize|humanize1024|humanizeDuration|humanizePercentage|humanizeTimestamp"
    r"|printf \"%\.?[0-9]*[fg]\"))? \}\}"
)
#: What begins an action, also together with the brace of an action that follows.
_BRACES: Final = re.compile(r"\{{2,}|\{+$")
_BRACES_AND_DOLLARS: Final = re.compile(r"[{$]{2,}|\$|\{$")


def for_prometheus(annotations: Mapping[str, str]) -> dict[str, str]:
    """The annotations as a rule file of Prometheus has them, without those for Grafana alone."""
    wanted = {name: text for name, text in annotations.items() if not name.startswith("__")}
    return _filled(wanted, lambda match: match[0], literal)


def for_grafana(annotations: Mapping[str, str]) -> dict[str, str]:
    """The annotations as an alert rule of Grafana has them, whose query has the id ``A``.

    No ``$`` is in them: files of Grafana's provisioning expand it, in ways that differ between
    its versions, and its HTTP API does not.
    """
    return _filled(annotations, _grafana_placeholder, grafana_literal)


def _filled(
    annotations: Mapping[str, str],
    placeholder: Callable[[re.Match[str]], str],
    plain: Callable[[str], str],
) -> dict[str, str]:
    def sentence(text: str) -> str:
        parts, end = [], 0
        for match in PLACEHOLDER.finditer(text):
            parts += [plain(text[end : match.start()]), placeholder(match)]
            end = match.end()
        return "".join([*parts, plain(text[end:])])

    return {
        name: sentence(text) if name in SENTENCES else plain(text)
        for name, text in annotations.items()
    }


def literal(text: str) -> str:
    """A template that stands for exactly this text."""
    return _BRACES.sub(lambda braces: _quoted(braces[0]), text)


def _quoted(text: str) -> str:
    return f'{{{{ "{text}" }}}}'


def grafana_literal(text: str) -> str:
    """A template for exactly this text, without a ``$``."""
    return _BRACES_AND_DOLLARS.sub(lambda found: _quoted(found[0].replace("$", r"\x24")), text)


def _grafana_placeholder(match: re.Match[str]) -> str:
    what, function = match[1], match[2] or ""
    path = ".Values.A.Value" if what == "value" else f".Labels.{what.removeprefix('labels.')}"
    return f"{{{{ {path}{function} }}}}"
