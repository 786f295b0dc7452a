"""``sidecar diff``: says what changes for traffic between two rule files."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from sidecar.commands import BAD_USAGE, OK
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked
from sidecar.offline.differences import Change, Effect, differences
from sidecar.ruleset.rendering import Format, render

EXAMPLES = examples(
    "sidecar diff running.rules.yaml new.rules.yaml",
    "git show HEAD:order.rules.yaml | sidecar diff - order.rules.yaml",
)
#: There are differences, as with diff(1).
DIFFERENT: Final = 1
_STYLES: Final = {
    Effect.STRICTER: "red",
    Effect.LOOSER: "green",
    Effect.OTHER: "yellow",
    Effect.RESTART: "bold magenta",
    Effect.NONE: "dim",
}


def diff_command(
    old: Annotated[Path, typer.Argument(help="The rule file as it was; - for standard input.")],
    new: Annotated[Path, typer.Argument(help="The rule file as it is to be.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what changes for traffic when NEW takes the place of OLD.

    Exit status 0 when nothing does, 1 when something does, 2 when a file has errors.
    """
    before, after = checked(old), checked(new)
    if before.file is None or after.file is None:
        wrong = [one for one in (before, after) if one.file is None]
        sys.stderr.write(render(wrong, Format.TEXT, colour=sys.stderr.isatty()))
        raise typer.Exit(BAD_USAGE)
    changes = differences(before, after)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in changes], indent=2, ensure_ascii=False))
    else:
        _print(changes)
    raise typer.Exit(DIFFERENT if changes else OK)


def _print(changes: list[Change]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not changes:
        console.print("nothing changes")
        return
    width = max(len(one.effect) for one in changes)
    for one in changes:
        effect = Text(f"{one.effect.value:{width}}  ", _STYLES[one.effect])
        source = Text(f"  {one.source}", "dim")
        console.print(Text.assemble(effect, (one.about, "bold"), f"  {one.words}", source))
