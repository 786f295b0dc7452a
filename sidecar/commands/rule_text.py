"""Reads and checks the rule files that commands are given."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sidecar.model.policy import Rule
from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.compiler import compile_rules
from sidecar.ruleset.diagnostics import Span, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST, Document
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.routes import DecisionCount, RuleSet
from sidecar.ruleset.surroundings import Surroundings
from sidecar.telemetry.cells import DecisionCell


def checked(path: Path) -> Checked:
    """The rule file at ``path``, ``-`` for standard input; what is wrong with it is in there."""
    if str(path) == "-":
        return check(
            sys.stdin.buffer.read(FILE_BYTES_AT_MOST + 1), "<stdin>", Folder(Path(), os.environ)
        )
    try:
        with path.open("rb") as file:
            # One byte more than may be: too large is then said as such.
            text = file.read(FILE_BYTES_AT_MOST + 1)
    except OSError as error:
        problem = finding("no-file", f"cannot be read: {error.strerror}", str(path), Span(1, 1))
        return Checked(None, (problem,), Document(str(path), (), None, (problem,)))
    return check(text, str(path), Folder(path.resolve().parent, os.environ))


def compiled_offline(good: Checked, path: Path) -> RuleSet:
    """The rules of a file without errors, as a sidecar would have them at its start."""
    if good.file is None:
        raise ValueError("a file with errors is never compiled")
    good.attachments.advance(time.time())
    around = Surroundings(path.resolve().parent, _uncounted, files=good.attachments, wall=time.time)
    return compile_rules(good.file, good.document, around, None)


def _uncounted(_: Rule) -> DecisionCount:
    return DecisionCell()
