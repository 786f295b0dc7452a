"""Reads and checks the rule files that commands are given."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Span, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST, Document


def checked(path: Path) -> Checked:
    """The rule file at ``path``, ``-`` for standard input; what is wrong with it is in there."""
    if str(path) == "-":
        return check(sys.stdin.buffer.read(FILE_BYTES_AT_MOST + 1), "<stdin>")
    try:
        with path.open("rb") as file:
            # One byte more than may be: too large is then said as such.
            text = file.read(FILE_BYTES_AT_MOST + 1)
    except OSError as error:
        problem = finding("no-file", f"cannot be read: {error.strerror}", str(path), Span(1, 1))
        return Checked(None, (problem,), Document(str(path), (), None, (problem,)))
    return check(text, str(path))
