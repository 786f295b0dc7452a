"""``sidecar run``: serves, governed by a rule file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked
from sidecar.ruleset.rendering import Format, render
from sidecar.settings import CannotStart, LoopKind, Settings

EXAMPLES = examples(
    "sidecar run rules/hello.rules.yaml",
    "sidecar run rules/hello.rules.yaml --take-over",
)


def run_command(
    rules: Annotated[Path, typer.Argument(help="The rule file.", envvar="SIDECAR_RULES")],
    *,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            envvar="SIDECAR_TAKE_OVER",
            help="Inherit the listening sockets of the sidecar that runs, and have it drain.",
        ),
    ] = False,
    loop: Annotated[
        LoopKind, typer.Option(envvar="SIDECAR_LOOP", help="The event loop.")
    ] = LoopKind.UVLOOP,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="SIDECAR_STATE_DIR",
            help="Where the control and admin sockets are. "
            "Default: a directory of its own for each service and address.",
        ),
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            envvar="SIDECAR_DRAIN",
            min=0.0,
            metavar="SECONDS",
            help="How long running requests may take to finish after SIGTERM.",
        ),
    ] = 30.0,
) -> None:
    """Serve, governed by a rule file, which may change while this runs.

    SIGTERM finishes running requests and exits with 0, a second one stops at once with 1;
    SIGHUP reads the rule file anew and reopens the log. Exit status 2 for a rule file with
    errors, 1 when there is another reason not to start.
    """
    file = checked(rules)
    sys.stderr.write(render([file], Format.TEXT, colour=sys.stderr.isatty()))
    if file.file is None:
        raise typer.Exit(BAD_USAGE)
    # Only here: the other commands start faster without the data path.
    from sidecar.app import run  # noqa: PLC0415

    settings = Settings(rules, state_dir, loop, take_over, drain)
    try:
        status = run(settings, file)
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"sidecar: {error}\n")
        raise typer.Exit(getattr(error, "status", FAILED)) from error
    raise typer.Exit(status)
