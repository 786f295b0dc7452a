"""What is wrong with a rule file and where, under codes that stay the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """Whether a finding keeps the file from being used."""

    ERROR = "error"
    WARNING = "warning"


class Span(NamedTuple):
    """A piece of one line; ``line`` and ``column`` count from 1, in characters."""

    line: int
    column: int
    length: int = 1


class Meaning(NamedTuple):
    """What a code stands for."""

    severity: Severity
    sentence: str


_ERROR = Severity.ERROR
_WARNING = Severity.WARNING

#: Every code there is. A code once published keeps its meaning.
CODES: dict[str, Meaning] = {
    # --- the file as YAML
    "no-file": Meaning(_ERROR, "The file cannot be read at all."),
    "bad-encoding": Meaning(_ERROR, "The file is not UTF-8 text, or has control characters."),
    "too-large": Meaning(_ERROR, "The file is larger, deeper or repeats more than is read."),
    "bad-yaml": Meaning(_ERROR, "The file is not YAML 1.2."),
    "yaml-tag": Meaning(_ERROR, "Tags such as !!python/object have no place in a rule file."),
    "yaml-merge": Meaning(_ERROR, "Merge keys (<<) are not part of YAML 1.2."),
    "bad-alias": Meaning(_ERROR, "An alias (*name) stands for no anchor, or for itself."),
    "bad-key": Meaning(_ERROR, "The name of a field is not text."),
    "duplicate-key": Meaning(_ERROR, "A field stands twice in the same map."),
    # --- its shape
    "unknown-format": Meaning(_ERROR, "The format is not one that this version reads."),
    "unknown-field": Meaning(_ERROR, "There is no such field here."),
    "missing-field": Meaning(_ERROR, "A field that must be there is missing."),
    "no-value": Meaning(_ERROR, "A field is there, but nothing stands behind it."),
    "not-supported-yet": Meaning(_ERROR, "Part of the language, but not of this version."),
    "wrong-type": Meaning(_ERROR, "A map, a list or a single value stands where another must."),
    "unknown-word": Meaning(_ERROR, "Not one of the words that may stand here."),
    "empty-list": Meaning(_ERROR, "A list that must name something is empty."),
    "conflict": Meaning(_ERROR, "Two fields contradict each other."),
    "incomplete": Meaning(_ERROR, "A field needs another one beside it."),
    # --- its values
    "bad-bind": Meaning(_ERROR, "Not an address to listen on."),
    "bad-burn-rate": Meaning(_ERROR, "Not a burn rate with its two windows."),
    "bad-byte-rate": Meaning(_ERROR, "Not an amount of bytes per time."),
    "bad-count": Meaning(_ERROR, "Not a whole number of at least one."),
    "bad-duration": Meaning(_ERROR, "Not a length of time with its unit."),
    "bad-flag": Meaning(_ERROR, "Not true or false."),
    "bad-header-name": Meaning(_ERROR, "Not the name of a header field."),
    "bad-host": Meaning(_ERROR, "Not a host as requests name it."),
    "bad-label": Meaning(_ERROR, "Not a name that metrics allow for a label."),
    "bad-method": Meaning(_ERROR, "Not a request method."),
    "bad-moment": Meaning(_ERROR, "Not a date and time with its zone."),
    "bad-name": Meaning(_ERROR, "Not a name as this language has them."),
    "bad-network": Meaning(_ERROR, "Not an address or a network."),
    "bad-path": Meaning(_ERROR, "Not a path, or one that no request can have once it was read."),
    "bad-percentage": Meaning(_ERROR, "Not a percentage."),
    "bad-port": Meaning(_ERROR, "Not a port."),
    "bad-rate": Meaning(_ERROR, "Not a rate."),
    "bad-size": Meaning(_ERROR, "Not an amount of bytes with its unit."),
    "bad-status": Meaning(_ERROR, "Not a status that may be given here."),
    "bad-target": Meaning(_ERROR, "Not HOST:PORT or a Unix socket."),
    "bad-text": Meaning(_ERROR, "Not one line of text."),
    "bad-url": Meaning(_ERROR, "Not the URL of an upstream."),
    "bad-value": Meaning(_ERROR, "A value that is not allowed here."),
    # --- what it refers to
    "unknown-upstream": Meaning(_ERROR, "No upstream has this name."),
    "unknown-key": Meaning(_ERROR, "No key has this name."),
    "unknown-route": Meaning(_ERROR, "No route has this name."),
    "unknown-switch": Meaning(_ERROR, "No switch has this name."),
    "unknown-rule": Meaning(_ERROR, "No rule has this name."),
    "unknown-objective": Meaning(_ERROR, "No objective has this name."),
    "duplicate-name": Meaning(_ERROR, "Two entries of one section have the same name."),
    "reserved-name": Meaning(_ERROR, "A name that already means something else."),
    "key-cycle": Meaning(_ERROR, "Keys that stand in for each other in a circle or a long row."),
    "closed-header": Meaning(_ERROR, "A header field that rules cannot refer to."),
    "per-try-too-long": Meaning(_ERROR, "A single try may take longer than the whole request."),
    # --- the files that it names
    "missing-file": Meaning(_ERROR, "A file that is named here cannot be read."),
    "bad-file": Meaning(_ERROR, "A file that is named here does not hold what it must."),
    "no-secret": Meaning(_ERROR, "A secret is not where it is said to be."),
    "unsafe-retry": Meaning(_ERROR, "A retry that may have an effect twice."),
    # --- what it would change
    "needs-restart": Meaning(_ERROR, "Something that cannot change while running."),
    # --- what it probably does not mean
    "never-fires": Meaning(_WARNING, "A rule or a route that no request can reach."),
    "retries-too-long": Meaning(_WARNING, "Retries for which there is never time."),
    "fault-for-all": Meaning(_WARNING, "A fault that every request is answered with."),
    "fallback-to-itself": Meaning(_WARNING, "An upstream that is to stand in for itself."),
    "burst-above-limit": Meaning(_WARNING, "A burst that lets far more than the limit through."),
    "shadowed-limit": Meaning(_WARNING, "A limit that a stricter one makes pointless."),
    "nobody-trusted": Meaning(_WARNING, "A key that is removed from everybody's requests."),
    "everybody-trusted": Meaning(_WARNING, "Whatever any client claims is believed."),
    "bound-to-route": Meaning(_WARNING, "An access rule that another spelling gets round."),
    "open-bind": Meaning(_WARNING, "Reachable from everywhere, and no peer is trusted."),
    "unused": Meaning(_WARNING, "Declared, and never used."),
    "unusual-method": Meaning(_WARNING, "A method that is in no registry."),
    "unverified-tls": Meaning(_WARNING, "Whoever answers is taken for the upstream."),
    "literal-secret": Meaning(_WARNING, "A secret that whoever reads the rules can read."),
    "removed-header": Meaning(_WARNING, "A header that clients need is removed from them."),
    "pointless-limit": Meaning(_WARNING, "A limit that another limit is always reached before."),
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``hint`` says what to write instead."""

    code: str
    message: str
    file: str
    line: int
    column: int
    length: int = 1
    hint: str = ""

    @property
    def severity(self) -> Severity:
        """As its code has it."""
        return CODES[self.code].severity


def finding(code: str, message: str, file: str, span: Span, hint: str = "") -> Diagnostic:
    """A diagnostic at ``span``."""
    return Diagnostic(code, message, file, span.line, span.column, span.length, hint)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """As they stand in the file, each only once."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda one: (one.line, one.column, one.code, one.message)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them keeps the file from being used."""
    return any(one.severity is Severity.ERROR for one in diagnostics)
