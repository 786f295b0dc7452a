"""``sidecar check``: says everything that is wrong with rule files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sidecar.commands import BAD_USAGE, OK
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked
from sidecar.ruleset.check import Checked
from sidecar.ruleset.diagnostics import Severity
from sidecar.ruleset.rendering import Format, render
from sidecar.ruleset.schema import RULE_KINDS

EXAMPLES = examples(
    "sidecar check rules/hello.rules.yaml",
    "sidecar check --strict --format github rules/*.rules.yaml",
)


def check_command(
    files: Annotated[list[Path], typer.Argument(help="Rule files; - for standard input.")],
    form: Annotated[
        Format, typer.Option("--format", help="How findings are written.", case_sensitive=False)
    ] = Format.TEXT,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings fail the check as well.")
    ] = False,
) -> None:
    """Say everything that is wrong with rule files, without running anything.

    Exit status 0 when they can be used, 2 when they cannot.
    """
    results = [checked(path) for path in files]
    colour = form is Format.TEXT and sys.stdout.isatty()
    sys.stdout.write(render(results, form, colour=colour))
    if form is Format.TEXT:
        sys.stdout.write("".join(_summary(one) for one in results))
    fatal = set(Severity) if strict else {Severity.ERROR}
    found = {one.severity for result in results for one in result.diagnostics}
    raise typer.Exit(BAD_USAGE if found & fatal else OK)


def _summary(checked: Checked) -> str:
    name = checked.document.name
    counts = [
        sum(one.severity is severity for one in checked.diagnostics)
        for severity in (Severity.ERROR, Severity.WARNING)
    ]
    errors, warnings = counts
    said = f"{errors} error{'s' * (errors != 1)}" if errors else ""
    also = f"{warnings} warning{'s' * (warnings != 1)}" if warnings else ""
    listed = ", ".join(part for part in (said, also) if part)
    if checked.file is None:
        return f"{name}: {listed}\n"
    routes = len(checked.file.routes)
    rules = sum(len(getattr(checked.file, kind)) for kind in RULE_KINDS)
    ok = f"ok: {routes} route{'s' * (routes != 1)}, {rules} rule{'s' * (rules != 1)}"
    return f"{name}: {ok}{', ' + listed if listed else ''}\n"
