"""Findings as text for people, and as JSON, GitHub annotations or SARIF for machines."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from urllib.parse import quote

from sidecar import __version__
from sidecar.ruleset.check import Checked
from sidecar.ruleset.diagnostics import CODES, Diagnostic, Severity

_WIDEST_SHOWN = 110
_LITERAL = "literal-secret"
#: Who it is in a URL, with a password perhaps: what is shown ends in logs of builds.
_USER = re.compile(r"(?<=://)[^/\s@\"']+(?=@)")
_LEAD = 30
_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_COLOURS = {Severity.ERROR: "\x1b[31m", Severity.WARNING: "\x1b[33m"}


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def render(results: Sequence[Checked], form: Format, *, colour: bool = False) -> str:
    """All findings in ``results``; empty, or an empty document, when there is none.

    ``colour`` is for text on a terminal only.
    """
    match form:
        case Format.TEXT:
            return _text(results, colour=colour)
        case Format.JSON:
            return _json(results)
        case Format.GITHUB:
            return "".join(_github(one) for checked in results for one in checked.diagnostics)
        case Format.SARIF:
            return _sarif(results)


def _text(results: Sequence[Checked], *, colour: bool) -> str:
    return "".join(
        render_one(diagnostic, lines, colour=colour)
        for checked in results
        for lines in [_without_secrets(checked)]
        for diagnostic in checked.diagnostics
    )


def _without_secrets(checked: Checked) -> Sequence[str]:
    """The lines of a file, with stars for what its findings say are secrets."""
    lines = checked.document.lines
    literal = [one for one in checked.diagnostics if one.code == _LITERAL]
    if not literal:
        return lines
    hidden = [*lines]
    for one in literal:
        if 0 < one.line <= len(lines):
            line, at = hidden[one.line - 1], one.column - 1
            secret = line[at : at + one.length]
            hidden[one.line - 1] = line[:at] + "*" * len(secret) + line[at + len(secret) :]
    return hidden


def render_one(diagnostic: Diagnostic, lines: Sequence[str], *, colour: bool = False) -> str:
    """One finding with its line and a caret below what is meant; ends with a line end."""
    severity = diagnostic.severity
    tint, bold, dim, reset = (
        (_COLOURS[severity], _BOLD, _DIM, _RESET) if colour else ("", "", "", "")
    )
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    head = f"{bold}{place}:{reset} {tint}{severity.value} {diagnostic.code}{reset}: "
    head += f"{bold}{_visible(diagnostic.message)}{reset}\n"
    if not 0 < diagnostic.line <= len(lines):
        return head + (f"      {diagnostic.hint}\n" if diagnostic.hint else "")
    line = _USER.sub(lambda found: "*" * len(found[0]), lines[diagnostic.line - 1])
    shown, before = _window(line, diagnostic.column)
    carets = "^" * max(1, min(diagnostic.length, _WIDEST_SHOWN - len(before), len(shown)))
    margin = f"{dim}{diagnostic.line:5} |{reset} "
    gutter = f"{dim}      |{reset} "
    hint = f" {_visible(diagnostic.hint)}" if diagnostic.hint else ""
    pad = "".join("\t" if char == "\t" else " " * _columns(char) for char in before)
    return f"{head}{margin}{shown}\n{gutter}{pad}{tint}{carets}{reset}{hint}\n"


def _window(line: str, column: int) -> tuple[str, str]:
    """The part of a line that is shown, and what of it stands before ``column``."""
    start = max(0, column - 1 - _LEAD) if len(line) > _WIDEST_SHOWN else 0
    end = start + _WIDEST_SHOWN
    lead = "…" if start else ""
    shown = lead + line[start:end] + ("…" if end < len(line) else "")
    return _visible(shown), _visible(lead + line[start : column - 1])


def _visible(text: str) -> str:
    """``text`` without what would move the cursor or change colours."""
    return "".join(char if char == "\t" or char.isprintable() else "\ufffd" for char in text)


def _columns(char: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _json(results: Sequence[Checked]) -> str:
    document = {
        "files": [checked.document.name for checked in results],
        "errors": _count(results, Severity.ERROR),
        "warnings": _count(results, Severity.WARNING),
        "diagnostics": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "message": one.message,
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "length": one.length,
                "hint": one.hint,
            }
            for checked in results
            for one in checked.diagnostics
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _count(results: Iterable[Checked], severity: Severity) -> int:
    return sum(one.severity is severity for checked in results for one in checked.diagnostics)


def _github(one: Diagnostic) -> str:
    """A workflow command, which GitHub shows beside the line in a pull request."""
    properties = {
        "file": one.file,
        "line": one.line,
        "col": one.column,
        "endColumn": one.column + one.length,
        "title": one.code,
    }
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    text = f"{one.message}; {one.hint}" if one.hint else one.message
    return f"::{one.severity.value} {listed}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(results: Sequence[Checked]) -> str:
    """SARIF 2.1.0, as code scanners and editors read it."""
    found = [one for checked in results for one in checked.diagnostics]
    used = sorted({one.code for one in found})
    driver = {
        "name": "sidecar",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": CODES[code].sentence},
                "defaultConfiguration": {"level": CODES[code].severity.value},
            }
            for code in used
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(one, used.index(one.code)) for one in found],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(one: Diagnostic, rule_index: int) -> dict[str, object]:
    region = {
        "startLine": one.line,
        "startColumn": one.column,
        "endColumn": one.column + one.length,
    }
    return {
        "ruleId": one.code,
        "ruleIndex": rule_index,
        "level": one.severity.value,
        "message": {"text": f"{one.message}; {one.hint}" if one.hint else one.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(one.file)},
                    "region": region,
                }
            }
        ],
    }
