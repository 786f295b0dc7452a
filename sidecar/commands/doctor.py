"""``sidecar doctor``: looks for what is wrong here, and says what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from sidecar.commands import FAILED, OK
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked, compiled_offline
from sidecar.offline.doctor import Finding, State, look_at_machine, look_at_rules

EXAMPLES = examples("sidecar doctor", "sidecar doctor order.rules.yaml", "sidecar doctor --json")
_MARKS: Final = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "yellow"),
    State.WRONG: ("✗", "bold red"),
}


def doctor_command(
    rules: Annotated[
        Path | None, typer.Argument(help="A rule file, to look at what it needs as well.")
    ] = None,
    *,
    state_dir: Annotated[
        Path | None, typer.Option(envvar="SIDECAR_STATE_DIR", help="As given to sidecar run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Look for what is wrong on this machine and with a rule file, and say what to do.

    Exit status 0 when a sidecar can do its work, 1 when something is wrong.
    """
    findings = [*look_at_machine(state_dir)]
    if rules is not None:
        file = checked(rules)
        compiled = compiled_offline(file, rules) if file.file is not None else None
        findings += look_at_rules(file, compiled, rules.resolve().parent)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False))
    else:
        _print(findings)
    wrong = any(one.state is State.WRONG for one in findings)
    raise typer.Exit(FAILED if wrong else OK)


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(one.what) for one in findings)
    for one in findings:
        mark, style = _MARKS[one.state]
        console.print(Text.assemble((mark, style), f" {one.what:{width}}  {one.text}"))
        if one.advice:
            console.print(Text(f"  {'':{width}}  → {one.advice}", style))
