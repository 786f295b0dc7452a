"""What counts as a failure of an upstream, in the words of a rule file: ``5xx``, ``timeout``, 503.

Whatever the words: our own refusals, clients that went away and 4xx say nothing about an
upstream, but for a status of 4xx that is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, final

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.outcome import Outcome, Source
from sidecar.model.reading import closest, shown, unreadable

#: Why there was no whole answer, by the word that stands for it.
_REASONS: Final = {
    "timeout": ("connect_timeout", "per_try_timeout", "request_timeout", "idle_timeout"),
    "connect_failure": ("connect_failure", "connect_timeout", "upstream_tls_failure"),
    "reset": ("stale_connection", "upstream_reset", "upstream_bad_response", "upstream_truncated"),
}
_ANY_5XX: Final = "5xx"
_WORDS: Final = (_ANY_5XX, *_REASONS)
_EXPECTED: Final = f"write {', '.join(_WORDS)} or a status from 400 to 599"
#: The words of other languages.
_HABITS: Final = {
    "5XX": _ANY_5XX,
    "connect-failure": "connect_failure",
    "refused": "connect_failure",
    "server_error": _ANY_5XX,
}


def parse_failure_word(value: object) -> str:
    """``timeout`` or ``503`` as text. Raises ``unknown-word``."""
    if isinstance(value, str) and value in _WORDS:
        return value
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdigit() and len(text) == 3 and 400 <= int(text) <= 599:
        return text
    meant = _HABITS.get(text) or (closest(text, _WORDS) if text != "4xx" else None)
    raise unreadable("unknown-word", f"{shown(value)} is no sort of failure", _EXPECTED, meant)


FailureWord = Annotated[
    str,
    PlainValidator(parse_failure_word),
    WithJsonSchema(
        {"anyOf": [{"enum": [*_WORDS]}, {"type": "integer", "minimum": 400, "maximum": 599}]}
    ),
]


@final
class Failures:
    """The sorts of failures that a rule names."""

    __slots__ = ("_any_5xx", "_reasons", "_statuses")

    def __init__(self, words: Iterable[str]) -> None:
        named = frozenset(words)
        self._any_5xx = _ANY_5XX in named
        self._statuses = frozenset(int(word) for word in named if word.isdigit())
        self._reasons = frozenset(reason for word in named for reason in _REASONS.get(word, ()))

    def include(self, reason: str, status: int) -> bool:
        """Whether an attempt failed in one of these ways.

        ``reason`` says why there was no answer, and is empty for one with ``status``.
        """
        if reason:
            return reason in self._reasons
        return status in self._statuses or (status >= 500 and self._any_5xx)

    def judge(self, outcome: Outcome) -> bool | None:
        """Whether the upstream failed in one of these ways; None when that cannot be said."""
        failure = outcome.failure
        if failure is not None:
            blamed = failure.source is Source.UPSTREAM and failure.reason in self._reasons
            return True if blamed else None
        status = outcome.upstream_status
        if status in self._statuses or (status >= 500 and self._any_5xx):
            return True
        return None if not status or 400 <= status < 500 else False
